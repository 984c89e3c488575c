"""The layouts of weight files, one a module, whose ``LAYOUT`` is what the room knows of it.

A layout is added by a module here and its line below, or from outside by
``LAYOUTS['its name'] = ItsLayout()``.
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
)
_FOUND: list[Layout] = [import_module(f'{__name__}.{module}').LAYOUT for module in _MODULES]
LAYOUTS = {layout.name: layout for layout in _FOUND}
"""By the name that `detect` gives, which asks the last one first: one that resembles another may
be added behind it."""
