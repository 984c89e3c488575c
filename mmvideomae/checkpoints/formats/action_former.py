"""Released ActionFormers, whose names are ours; we have the normaliser of the loss besides."""

from collections import OrderedDict

from mmvideomae.checkpoints.completeness import FORMER_EMBED, require_whole
from mmvideomae.checkpoints.formats.layout import Conversion, Layout
from mmvideomae.checkpoints.names import Weights

LOSS_NORMALISER = 'loss.normaliser'
"""Kept by ours only: released files lack it, and detection does without."""


class ActionFormerLayout(Layout):
    def matches(self, state: Weights) -> bool:
        return FORMER_EMBED in state and LOSS_NORMALISER not in state

    def to_ours(self, state: Weights, tubelet_size: int = 2) -> Conversion:
        weights, dropped = self.renamed(state)
        require_whole(weights)
        return Conversion(OrderedDict(weights), self.name, tuple(dropped))


LAYOUT = ActionFormerLayout(
    name='actionformer',
    title='ActionFormer',
    kept=('backbone.', 'neck.', 'cls_head.', 'reg_head.'),
)
