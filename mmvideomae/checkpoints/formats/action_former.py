"""Released ActionFormers, whose names are ours; we have the normaliser of the loss besides."""

from mmvideomae.checkpoints.completeness import FORMER_EMBED
from mmvideomae.checkpoints.formats.layout import Layout
from mmvideomae.checkpoints.names import Weights

LOSS_NORMALISER = 'loss.normaliser'
"""Kept by ours only: released files lack it, and detection does without."""


class ActionFormerLayout(Layout):
    def matches(self, state: Weights) -> bool:
        return FORMER_EMBED in state and LOSS_NORMALISER not in state


LAYOUT = ActionFormerLayout(
    name='actionformer',
    title='ActionFormer',
    kept=('backbone.', 'neck.', 'cls_head.', 'reg_head.'),
    renamed_only=True,
)
