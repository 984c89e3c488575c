"""A linear classifier on clip features that trains in mixed precision on a CPU too."""

import torch
from mmaction.models.heads import TimeSformerHead
from torch import Tensor

from mmvideomae.registry import MODELS


@MODELS.register_module()
class LinearHead(TimeSformerHead):
    """Features (B, D) -> class scores (B, K) in float32, whatever autocast says.

    It differs from mmaction2's ``TimeSformerHead`` in that alone: mmaction2 1.2.0 turns
    the scores into NumPy arrays to log the training accuracy, and NumPy has no bfloat16,
    which is what autocast computes in on a CPU.
    """

    def forward(self, x: Tensor, loss_aux: dict[str, Tensor] | None = None) -> Tensor:
        # ``loss_aux``, losses of a neck, is passed along by `Recognizer3D` and added by it.
        with torch.autocast(x.device.type, enabled=False):
            return super().forward(x.float())
