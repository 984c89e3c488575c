"""Predict a target linearly at masked tokens, and compute the error."""

from typing import Any

import torch
from mmengine.model import BaseModule
from torch import Tensor, nn
from torch.nn import functional as F

from mmvideomae.models.layers import init_transformer
from mmvideomae.registry import MODELS


def _cosine(pred: Tensor, target: Tensor, reduction: str = 'mean') -> Tensor:
    """2 - 2 cos, (..., P) -> (..., 1)."""
    error = 2 - 2 * F.cosine_similarity(pred, target, dim=-1)[..., None]
    return error.mean() if reduction == 'mean' else error


LOSSES = {
    'mse': F.mse_loss,
    'l1': F.l1_loss,
    'smooth_l1': F.smooth_l1_loss,
    'cosine': _cosine,
}


@MODELS.register_module()
class ReconstructionHead(BaseModule):
    """Tokens (B, M, D) -> predictions (B, M, P).

    Args:
        out_dims: P, the same as that of the target.
        loss: 'mse', 'l1' or 'smooth_l1' (V1 Table 1f); 'cosine', 2 - 2 cos (UMT); or a number p
            for ``|error| ** p / p`` (V-JEPA).
    """

    def __init__(
        self,
        in_dims: int,
        out_dims: int,
        loss: str | float = 'mse',
        init_cfg: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(init_cfg=init_cfg)
        if isinstance(loss, str) and loss not in LOSSES:
            raise ValueError(f'unknown loss {loss!r}; choose one of {sorted(LOSSES)} or a number')
        if not isinstance(loss, str) and loss <= 0:
            raise ValueError(f'the exponent of a loss must be positive, got {loss}')
        self.out_dims, self.loss_type = out_dims, loss
        self.proj = nn.Linear(in_dims, out_dims)
        init_transformer(self, 'xavier')

    def forward(self, tokens: Tensor) -> Tensor:
        """(B, M, D) -> (B, M, P)."""
        return self.proj(tokens)

    def loss(self, pred: Tensor, target: Tensor, counted: Tensor | None = None) -> Tensor:
        """Mean error in float32 over values and over the tokens where ``counted`` (B, M) is true.

        The sum is divided by the number of counted tokens in the batch, as in the
        released V2 code; V2 equation 2 divides by all decoded tokens.
        """
        with torch.autocast(pred.device.type, enabled=False):
            pred, target = pred.float(), target.float()
            if counted is None:
                return self._errors(pred, target, 'mean')
            error = self._errors(pred, target, 'none').mean(2)
            weight = counted.to(error.dtype)
            return (error * weight).sum() / weight.sum()

    def _errors(self, pred: Tensor, target: Tensor, reduction: str) -> Tensor:
        """The mean error, or with ``reduction='none'`` those of each value: (B, M, P or 1)."""
        if isinstance(self.loss_type, str):
            return LOSSES[self.loss_type](pred, target, reduction=reduction)
        error = (pred - target).abs().pow(self.loss_type) / self.loss_type
        return error.mean() if reduction == 'mean' else error


@MODELS.register_module()
class PixelReconstructionHead(ReconstructionHead):
    """Tokens (B, M, D) -> pixels of their cubes (B, M, P), channel fastest.

    P = frames_per_token * patch_size ** 2 * in_channels.

    Args:
        frames_per_token: Number of frames that one token predicts: the tubelet size
            for the clip itself, 1 for a centre frame, twice the tubelet size for a
            clip with half the stride (V1 Table 1c).
        normalise: ``normalise`` of the `PixelTarget` of a `VideoMAE`, whose configs set it here.
    """

    def __init__(
        self,
        in_dims: int = 384,
        patch_size: int = 16,
        frames_per_token: int = 2,
        in_channels: int = 3,
        loss: str = 'mse',
        normalise: str = 'per_channel',
        init_cfg: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(in_dims, frames_per_token * patch_size**2 * in_channels, loss, init_cfg)
        self.in_channels, self.normalise = in_channels, normalise
