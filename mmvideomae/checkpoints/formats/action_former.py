"""Released ActionFormers, TriDets and DyFADets; only we store the loss's normaliser.

ActionFormer's names are ours.
"""

import re

import torch

from mmvideomae.checkpoints.completeness import FORMER_EMBED
from mmvideomae.checkpoints.errors import CheckpointError
from mmvideomae.checkpoints.formats.layout import Conversion, Layout
from mmvideomae.checkpoints.names import Weights

LOSS_NORMALISER = 'loss.normaliser'
"""Only in our files: released files lack it, and detection does not need it."""
_SHIFT = '.shift_conv.weight'
SHIFTS = (rf'.+{re.escape(_SHIFT)}', 'shifts by whole steps, done here without weights')
"""To drop from the weights of DyFADet."""
_BOUNDARIES = (('start_head.', 'reg_head.start.'), ('end_head.', 'reg_head.end.'))


def require_shifts(state: Weights) -> None:
    """Check that the weights of DyFADet that are not read are those of shifts.

    Raises:
        CheckpointError: They are not.
    """
    for key, value in state.items():
        if not key.endswith(_SHIFT):
            continue
        if not torch.equal(value.float(), _shift(len(value), value.shape[-1])):
            raise CheckpointError(f'{key} does not shift by whole steps, as it must in DyFADet')


def shifts(state: Weights) -> dict[str, torch.Tensor]:
    """These weights, for those of DyFADet with our names."""
    found = {}
    for key, value in state.items():
        module, here, layer = key.partition('.kernel_conv.')
        if here and layer in ('gate_conv.weight', 'convs.0.weight'):
            kernel = value.shape[-1]
            found[module + _SHIFT] = _shift(len(value) * kernel, kernel).to(value.dtype)
    return found


def _shift(rows: int, kernel: int) -> torch.Tensor:
    """For each channel, one row for each of the steps around a step."""
    return torch.eye(kernel)[:, None].repeat(rows // kernel, 1, 1)


class ActionFormerLayout(Layout):
    def matches(self, state: Weights) -> bool:
        return FORMER_EMBED in state and LOSS_NORMALISER not in state

    def our_key(self, key: str) -> str | None:
        for theirs, ours in _BOUNDARIES:
            if key.startswith(theirs):
                return ours + key.removeprefix(theirs)
        return super().our_key(key)

    def to_ours(self, state: Weights, tubelet_size: int = 2) -> Conversion:
        require_shifts(state)
        return super().to_ours(state, tubelet_size)


LAYOUT = ActionFormerLayout(
    name='actionformer',
    title='ActionFormer',
    kept=('backbone.', 'neck.', 'cls_head.', 'reg_head.'),
    dropped=(
        SHIFTS,
        (
            r'(cls|reg)_head\.head\.\d+\.norm\.(weight|bias)',
            "a norm that DyFADet's code never uses",
        ),
    ),
    renamed_only=True,
)
