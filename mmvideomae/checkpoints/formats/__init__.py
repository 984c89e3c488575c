"""The layouts of weight files; each has a module that defines ``LAYOUT``.

To add a layout, add a module here and list it below, or set
``LAYOUTS['its name'] = ItsLayout()`` elsewhere.
"""

from importlib import import_module

from mmvideomae.checkpoints.formats.layout import Layout

_MODULES = (
    'ours',
    'videomae',
    'hf',
    'mmaction2',
    'mae_st',
    'image_mae',
    'action_former',
    'mmpretrain',
    'dalle',
    'vimpac',
    'tokenizer',
    'vjepa2',
    'vjepa2_hf',
    'open_tad',
)
_FOUND: list[Layout] = [import_module(f'{__name__}.{module}').LAYOUT for module in _MODULES]
LAYOUTS = {layout.name: layout for layout in _FOUND}
"""Keyed by the name that `detect` returns.  `detect` tries the last one first, so a layout that
resembles another may be added after it."""
