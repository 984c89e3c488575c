"""Weight files of every supported format: read, convert, fit to a model, write.

Importing this package makes mmengine read local paths and ``http(s)`` addresses through it, so
``load_from`` and ``init_cfg=dict(type='Pretrained', checkpoint=...)`` accept the same files.
"""

from mmvideomae.checkpoints.architecture import (
    Architecture,
    CodeArchitecture,
    architecture_of,
    code_architecture_of,
    published_heads,
)
from mmvideomae.checkpoints.conversion import (
    WRITABLE,
    convert,
    detect,
    save_weights,
    to_ours,
    writable_layout,
)
from mmvideomae.checkpoints.errors import CheckpointError
from mmvideomae.checkpoints.fitting import Fitted, fit, require_fit
from mmvideomae.checkpoints.formats import LAYOUTS
from mmvideomae.checkpoints.formats.hf import hf_config
from mmvideomae.checkpoints.formats.layout import Conversion, Dropped, Layout
from mmvideomae.checkpoints.loading import heads_in, load, load_state_dict
from mmvideomae.checkpoints.names import Names
from mmvideomae.checkpoints.published import (
    PublishedWeights,
    fetch_published,
    published,
    published_weights,
)
from mmvideomae.checkpoints.small_files import save_changes, with_merged_changes
from mmvideomae.checkpoints.tokenizers import tokenizer_weights

__all__ = [
    'LAYOUTS',
    'WRITABLE',
    'Architecture',
    'CheckpointError',
    'CodeArchitecture',
    'Conversion',
    'Dropped',
    'Fitted',
    'Layout',
    'Names',
    'PublishedWeights',
    'architecture_of',
    'code_architecture_of',
    'convert',
    'detect',
    'fetch_published',
    'fit',
    'heads_in',
    'hf_config',
    'load',
    'load_state_dict',
    'published',
    'published_heads',
    'published_weights',
    'require_fit',
    'save_changes',
    'save_weights',
    'to_ours',
    'tokenizer_weights',
    'with_merged_changes',
    'writable_layout',
]
