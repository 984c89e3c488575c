"""Released ActionFormers, which have our names; only we store the loss's normaliser."""

from mmvideomae.checkpoints.completeness import FORMER_EMBED
from mmvideomae.checkpoints.formats.layout import Layout
from mmvideomae.checkpoints.names import Weights

LOSS_NORMALISER = 'loss.normaliser'
"""Only in our files: released files lack it, and detection does not need it."""


class ActionFormerLayout(Layout):
    def matches(self, state: Weights) -> bool:
        return FORMER_EMBED in state and LOSS_NORMALISER not in state


LAYOUT = ActionFormerLayout(
    name='actionformer',
    title='ActionFormer',
    kept=('backbone.', 'neck.', 'cls_head.', 'reg_head.'),
    renamed_only=True,
)
