"""Checkpoints of our own tokenizers' training."""

from collections import OrderedDict

from mmvideomae.checkpoints.formats.layout import Conversion, Layout
from mmvideomae.checkpoints.names import Weights


class TokenizerLayout(Layout):
    def matches(self, state: Weights) -> bool:
        return bool(state) and all(key.startswith('tokenizer.') for key in state)

    def to_ours(self, state: Weights, tubelet_size: int = 2) -> Conversion:
        return Conversion(OrderedDict(state), self.name)


LAYOUT = TokenizerLayout(name='tokenizer', title='a tokenizer of mmvideomae')
