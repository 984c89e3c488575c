"""Encoder and decoder of DALL-E's discrete variational autoencoder, which have separate files.

The layout covers the modules in the files, their state dicts, and both in one file with the
prefixes ``encoder.`` and ``decoder.``.
"""

import re
from collections import OrderedDict

from torch import Tensor

from mmvideomae.checkpoints.errors import CheckpointError, some
from mmvideomae.checkpoints.formats.layout import Conversion, Layout
from mmvideomae.checkpoints.names import Weights

_FIRST = 'blocks.input.w'
_PARTS = ('encoder', 'decoder')
_KEY = re.compile(r'(?:(encoder|decoder)\.)?blocks\.(.+)\.([wb])')
_LEAVES = {'w': 'weight', 'b': 'bias'}


class DalleLayout(Layout):
    def matches(self, state: Weights) -> bool:
        return any(key in state for key in (_FIRST, *(f'{part}.{_FIRST}' for part in _PARTS)))

    def to_ours(self, state: Weights, tubelet_size: int = 2) -> Conversion:
        weights: OrderedDict[str, Tensor] = OrderedDict()
        unknown = []
        for key, value in state.items():
            found = _KEY.fullmatch(key)
            if found is None or (found[1] is None and _FIRST not in state):
                unknown.append(key)
                continue
            # The encoder starts with pixels and a kernel of 7 x 7, the decoder with codes.
            part = found[1] or ('encoder' if state[_FIRST].shape[-1] > 1 else 'decoder')
            weights[f'{part}.{found[2]}.{_LEAVES[found[3]]}'] = value
        if unknown:
            raise CheckpointError(f'{self.title}: cannot map {some(unknown)}')
        return Conversion(weights, self.name)


LAYOUT = DalleLayout(name='dalle', title="DALL-E's autoencoder (openai/DALL-E)")
