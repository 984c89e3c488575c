"""Files in which DALL-E's autoencoder was released: modules pickled as a whole.

Their classes exist only while such a file is written, as on a machine without that package.
"""

import sys
import types
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

TINY: dict[str, Any] = {'num_codes': 16, 'width': 8, 'init_width': 6, 'num_blocks': 1}
"""Of a `DalleTokenizer`."""


def released_names(state: dict[str, Tensor], part: str) -> dict[str, Tensor]:
    """Tensors of a `DalleTokenizer` under the names in the released files of a part."""
    leaves = {'weight': 'w', 'bias': 'b'}
    split = [(key.split('.'), value) for key, value in state.items() if key.startswith(part)]
    return {'.'.join(['blocks', *names[1:-1], leaves[names[-1]]]): value for names, value in split}


def save_whole_module(
    state: dict[str, Tensor], path: Path, zipped: bool = True, extra: Any = None
) -> None:
    """Write released names as a module of ``dall_e.encoder.Encoder`` made of convolutions.

    Args:
        extra: An attribute of the module.
    """
    utilities, encoder = types.ModuleType('dall_e.utils'), types.ModuleType('dall_e.encoder')
    utilities.Conv2d = _class('Conv2d', utilities)
    encoder.Encoder = _class('Encoder', encoder)
    root = encoder.Encoder()
    for key, value in state.items():
        *parents, leaf = key.split('.')
        module = root
        for name in parents:
            if not hasattr(module, name):
                inner = utilities.Conv2d() if name == parents[-1] else nn.Sequential()
                module.add_module(name, inner)
            module = getattr(module, name)
        module.register_parameter(leaf, nn.Parameter(value, requires_grad=False))
    root.blocks.group_1.add_module('pool', nn.MaxPool2d(2))
    root.blocks.register_buffer('passing', torch.ones(2), persistent=False)
    root.device, root.use_mixed_precision, root.extra = torch.device('cpu'), True, extra
    added = {'dall_e': types.ModuleType('dall_e')}
    added |= {module.__name__: module for module in (utilities, encoder)}
    sys.modules |= added
    try:
        torch.save(root, path, _use_new_zipfile_serialization=zipped)
    finally:
        for name in added:
            del sys.modules[name]


def _class(name: str, module: types.ModuleType) -> type:
    return type(name, (nn.Module,), {'__module__': module.__name__})
