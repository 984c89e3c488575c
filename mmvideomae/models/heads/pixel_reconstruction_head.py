"""Pixels of masked cubes as the target of pre-training."""

from typing import Any

import torch
from mmengine.model import BaseModule
from torch import Tensor, nn
from torch.nn import functional as F

from mmvideomae.models.layers import init_transformer
from mmvideomae.ops.tokens import normalise_patches
from mmvideomae.registry import MODELS

LOSSES = {'mse': F.mse_loss, 'l1': F.l1_loss, 'smooth_l1': F.smooth_l1_loss}
NORMALISATIONS = ('per_channel', 'none')


@MODELS.register_module()
class PixelReconstructionHead(BaseModule):
    """Tokens (B, M, D) -> pixels of their cubes (B, M, P), channel fastest.

    P = frames_per_token * patch_size ** 2 * in_channels.

    Args:
        frames_per_token: frames that one token predicts: the tubelet size for
            the clip itself, 1 for a centre frame, twice the tubelet size for a
            clip of half the stride (V1 Table 1c).
        loss: 'mse', 'l1' or 'smooth_l1' (V1 Table 1f).
        normalise: 'per_channel' normalises every cube per colour channel (V1
            section 4.1); 'none' predicts pixels in [0, 1].
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
        super().__init__(init_cfg=init_cfg)
        if loss not in LOSSES:
            raise ValueError(f'unknown loss {loss!r}; choose one of {sorted(LOSSES)}')
        if normalise not in NORMALISATIONS:
            raise ValueError(f'unknown normalisation {normalise!r}; one of {NORMALISATIONS}')
        self.frames_per_token, self.in_channels = frames_per_token, in_channels
        self.loss_type, self.normalise = loss, normalise
        self.proj = nn.Linear(in_dims, frames_per_token * patch_size**2 * in_channels)
        init_transformer(self, 'xavier')

    def forward(self, tokens: Tensor) -> Tensor:
        """(B, M, D) -> (B, M, P)."""
        return self.proj(tokens)

    def targets(self, patches: Tensor) -> Tensor:
        """Pixels (B, M, P) in [0, 1] -> what the head is to predict, (B, M, P)."""
        if self.normalise == 'none':
            return patches
        return normalise_patches(patches, self.in_channels)

    def loss(self, pred: Tensor, target: Tensor, counted: Tensor | None = None) -> Tensor:
        """Mean error in float32 over values, and over tokens where ``counted`` (B, M) is true.

        The sum is divided by the number of counted tokens of the batch, as the
        released V2 code does; V2 equation 2 divides by all decoded tokens.
        """
        with torch.autocast(pred.device.type, enabled=False):
            pred, target = pred.float(), target.float()
            if counted is None:
                return LOSSES[self.loss_type](pred, target)
            error = LOSSES[self.loss_type](pred, target, reduction='none').mean(2)
            weight = counted.to(error.dtype)
            return (error * weight).sum() / weight.sum()
