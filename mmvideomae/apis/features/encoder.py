"""A backbone as a function from windows of pixels to features, in mixed precision."""

from contextlib import nullcontext

import numpy as np
import torch
from torch import Tensor, nn

from mmvideomae.apis.features.settings import FeatureSettings
from mmvideomae.apis.features.window_plan import WindowBatch

PRECISIONS = ('auto', 'float32', 'bfloat16', 'float16')


class WindowEncoder:
    """Encode windows whose frames lie in a ring on the device, moved there once.

    Args:
        backbone: In evaluation mode and on its device; clips (B, C, T, H, W) -> a vector
            (B, D), tokens (B, N, D) or a map (B, D, t, h, w), of which the mean is taken.
        settings: Mean, deviation and size of the clips.
        precision: What autocast computes in; 'auto': float16 on a GPU, else float32.

    Attributes:
        width: D.

    Raises:
        ValueError: No such precision, or the backbone does not take such clips.
    """

    def __init__(self, backbone: nn.Module, settings: FeatureSettings, precision: str) -> None:
        if precision not in PRECISIONS:
            raise ValueError(f'precision must be one of {PRECISIONS}, got {precision!r}')
        self.backbone = backbone
        self.device = next(backbone.parameters()).device
        if precision == 'auto':
            precision = 'float16' if self.device.type == 'cuda' else 'float32'
        self.precision = precision
        self._mean, self._std = (
            torch.tensor(values, device=self.device).view(1, 3, 1, 1, 1)
            for values in (settings.mean, settings.std)
        )
        shape = (1, 3, settings.window, settings.size, settings.size)
        self.width = int(self.encode(torch.zeros(shape, device=self.device)).shape[1])

    @torch.inference_mode()
    def encode(self, clips: Tensor) -> Tensor:
        """Pixels (B, C, T, H, W) in 0 to 255 -> features (B, D) float32."""
        pixels = clips.to(torch.float32, memory_format=torch.contiguous_format)
        pixels = pixels.sub(self._mean).div_(self._std)
        mixed = self.precision != 'float32'
        kind = getattr(torch, self.precision)
        with torch.autocast(self.device.type, kind) if mixed else nullcontext():
            found = self.backbone(pixels)
        if not isinstance(found, Tensor) or found.ndim not in (2, 3, 5):
            raise ValueError(
                f'{type(self.backbone).__name__} gives neither a vector nor tokens for each clip'
            )
        found = found.float()
        if found.ndim == 3:
            return found.mean(1)
        return found.mean((2, 3, 4)) if found.ndim == 5 else found

    def empty_ring(self, capacity: int, like: np.ndarray) -> Tensor:
        """Room for ``capacity`` frames of the kind and size of ``like`` (n, S, S, 3)."""
        kind = torch.from_numpy(like[:0]).dtype
        return torch.empty((capacity, *like.shape[1:]), dtype=kind, device=self.device)

    def encode_batch(self, ring: Tensor, batch: WindowBatch) -> np.ndarray:
        """Put new frames into the ring and compute the windows that show them -> (B, D)."""
        ring[torch.from_numpy(batch.slots)] = torch.from_numpy(batch.frames).to(self.device)
        clips = ring[torch.from_numpy(batch.windows).to(self.device)]  # (B, T, S, S, C)
        return self.encode(clips.permute(0, 4, 1, 2, 3)).cpu().numpy()
