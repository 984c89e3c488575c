"""Weight files of every supported format: read, convert, fit to a model, write.

Importing this room lets mmengine read local paths and ``http(s)`` addresses through it, so that
``load_from`` and ``init_cfg=dict(type='Pretrained', checkpoint=...)`` take the same files.
"""

from mmvideomae.checkpoints.architecture import NUM_HEADS, Architecture, architecture_of
from mmvideomae.checkpoints.conversion import (
    WRITABLE,
    Conversion,
    Dropped,
    convert,
    detect,
    to_ours,
)
from mmvideomae.checkpoints.errors import CheckpointError
from mmvideomae.checkpoints.fitting import Fitted, fit, require_fit
from mmvideomae.checkpoints.layouts import LAYOUTS
from mmvideomae.checkpoints.loading import heads_in, load, load_state_dict
from mmvideomae.checkpoints.writing import hf_config, save_weights

__all__ = [
    'LAYOUTS',
    'NUM_HEADS',
    'WRITABLE',
    'Architecture',
    'CheckpointError',
    'Conversion',
    'Dropped',
    'Fitted',
    'architecture_of',
    'convert',
    'detect',
    'fit',
    'heads_in',
    'hf_config',
    'load',
    'load_state_dict',
    'require_fit',
    'save_weights',
    'to_ours',
]
