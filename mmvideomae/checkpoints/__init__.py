"""Weight files of every supported format: read, convert, fit to a model, write.

A part is imported when it is first used.  `load`, which `mmvideomae.engine` and `mmvideomae.apis`
import, makes mmengine read local paths and ``http(s)`` addresses through this package, so that
``load_from`` and ``init_cfg=dict(type='Pretrained', checkpoint=...)`` accept the same files.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
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
    from mmvideomae.checkpoints.public_weights import (
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
_MODULES = {
    'architecture': (
        'Architecture',
        'CodeArchitecture',
        'architecture_of',
        'code_architecture_of',
        'published_heads',
    ),
    'conversion': ('WRITABLE', 'convert', 'detect', 'save_weights', 'to_ours', 'writable_layout'),
    'errors': ('CheckpointError',),
    'fitting': ('Fitted', 'fit', 'require_fit'),
    'formats': ('LAYOUTS',),
    'formats.hf': ('hf_config',),
    'formats.layout': ('Conversion', 'Dropped', 'Layout'),
    'loading': ('heads_in', 'load', 'load_state_dict'),
    'names': ('Names',),
    'public_weights': ('PublishedWeights', 'fetch_published', 'published', 'published_weights'),
    'small_files': ('save_changes', 'with_merged_changes'),
    'tokenizers': ('tokenizer_weights',),
}


def __getattr__(name: str) -> Any:
    for module, names in _MODULES.items():
        if name in names:
            return getattr(import_module(f'{__name__}.{module}'), name)
    raise AttributeError(f'module {__name__!r} has no attribute {name!r}')


def __dir__() -> list[str]:
    return __all__
