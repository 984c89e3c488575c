"""Weights under the names of this project's models."""

from mmvideomae.checkpoints.completeness import (
    CODE_EMBED,
    DETECTOR,
    FORMER_EMBED,
    PATCH_EMBED,
)
from mmvideomae.checkpoints.formats.action_former import LOSS_NORMALISER
from mmvideomae.checkpoints.formats.layout import Layout
from mmvideomae.checkpoints.names import Weights

_PARTS = (
    *('backbone.', 'neck.', 'head.proj.', 'cls_head.', 'roi_head.', 'masker.'),
    *('target.', 'targets.', 'branches.', 'projector.', 'predictor.', 'average.', 'updates'),
    DETECTOR,
)


class OwnLayout(Layout):
    def matches(self, state: Weights) -> bool:
        if FORMER_EMBED in state:
            return LOSS_NORMALISER in state
        if CODE_EMBED in state:
            return True
        kernel = state.get(PATCH_EMBED)
        if kernel is None or kernel.ndim == 4 or 'backbone.blocks.0.attn.qkv.weight' not in state:
            return False
        return all(key.startswith(_PARTS) and not key.startswith('backbone.head.') for key in state)


LAYOUT = OwnLayout(
    name='ours',
    title='mmvideomae',
    kept=('',),
    renamed_only=True,
    writable=True,
    key_biases=True,
)
