"""Encode windows of pixels into features with a backbone, in mixed precision."""

from contextlib import AbstractContextManager, nullcontext
from hashlib import sha256
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from mmvideomae.apis.features.settings import PRECISIONS, FeatureSettings
from mmvideomae.apis.features.window_plan import WindowBatch
from mmvideomae.ops.codes import encode_frames


class WindowEncoder:
    """Encode windows of frames that are kept in a ring buffer on the device.

    Each frame is moved to the device once.  For a backbone that takes codes, each frame is also
    tokenized once, and the ring holds its codes.

    Args:
        backbone: In evaluation mode and on its device; clips (B, C, T, H, W), or codes
            (B, T, h, w), -> a vector (B, D), tokens (B, N, D) or a map (B, D, t, h, w), which
            are averaged; or `CodeFeatures`, whose CLS is used.
        settings: Mean, deviation and size of the clips.
        precision: The type for autocast; 'auto': float16 on a GPU, else float32.
        tokenizer: Turns frames into codes, for a backbone that takes codes.

    Attributes:
        width: D.

    Raises:
        ValueError: The precision is unknown, or the backbone does not accept such clips.
    """

    def __init__(
        self,
        backbone: nn.Module,
        settings: FeatureSettings,
        precision: str,
        tokenizer: Any = None,
    ) -> None:
        self.backbone, self.tokenizer = backbone, tokenizer
        self.device = next(backbone.parameters()).device
        self.precision = settled_precision(precision, self.device)
        self._mean, self._std = (
            torch.tensor(values, device=self.device).view(1, 3, 1, 1, 1)
            for values in (settings.mean, settings.std)
        )
        frame = torch.zeros((1, settings.size, settings.size, 3), dtype=torch.uint8)
        window = self._kept(frame.to(self.device)).repeat_interleave(settings.window, 0)
        self.width = int(self.encode(self._clips(window[None])).shape[1])

    @torch.inference_mode()
    def encode(self, clips: Tensor) -> Tensor:
        """Pixels (B, C, T, H, W) in 0 to 255, or codes (B, T, h, w) -> features (B, D) float32."""
        if self.tokenizer is None:
            pixels = clips.to(torch.float32, memory_format=torch.contiguous_format)
            clips = pixels.sub(self._mean).div_(self._std)
        with in_precision(self.precision, self.device):
            found = self.backbone(clips)
        found = getattr(found, 'cls', found)
        if not isinstance(found, Tensor) or found.ndim not in (2, 3, 5):
            raise ValueError(
                f'{type(self.backbone).__name__} returns neither a vector nor tokens for each clip'
            )
        found = found.float()
        if found.ndim == 3:
            return found.mean(1)
        return found.mean((2, 3, 4)) if found.ndim == 5 else found

    def empty_ring(self, capacity: int, like: np.ndarray) -> Tensor:
        """An empty ring for ``capacity`` frames with the type and size of ``like`` (n, S, S, 3)."""
        kept = self._kept(torch.from_numpy(like[:1]).to(self.device))
        return kept.new_empty((capacity, *kept.shape[1:]))

    def encode_batch(self, ring: Tensor, batch: WindowBatch) -> np.ndarray:
        """Put new frames into the ring and encode the batch's windows -> (B, D)."""
        fresh = torch.from_numpy(batch.frames).to(self.device)
        ring[torch.from_numpy(batch.slots)] = self._kept(fresh)
        windows = ring[torch.from_numpy(batch.windows).to(self.device)]
        return self.encode(self._clips(windows)).cpu().numpy()

    def _kept(self, frames: Tensor) -> Tensor:
        """The ring's content for frames (n, S, S, C): the frames, or codes (n, h, w)."""
        return frames if self.tokenizer is None else encode_frames(self.tokenizer.encode, frames)

    def _clips(self, windows: Tensor) -> Tensor:
        """Turn windows (B, T, ...) from the ring into the backbone's input."""
        return windows.permute(0, 4, 1, 2, 3) if self.tokenizer is None else windows


def settled_precision(precision: str, device: torch.device) -> str:
    """The precision that 'auto' stands for.

    Raises:
        ValueError: It is none of `PRECISIONS`.
    """
    if precision not in PRECISIONS:
        raise ValueError(f'precision must be one of {PRECISIONS}, got {precision!r}')
    if precision != 'auto':
        return precision
    return 'float16' if device.type == 'cuda' else 'float32'


def in_precision(precision: str, device: torch.device) -> AbstractContextManager[Any]:
    """Compute in a type by autocast; in float32, as usual."""
    if precision == 'float32':
        return nullcontext()
    return torch.autocast(device.type, getattr(torch, precision))


def digest_of_weights(module: nn.Module) -> str:
    """SHA-256 of the names, types, shapes and values of all weights."""
    digest = sha256()
    for name, weight in sorted(module.state_dict().items()):
        digest.update(f'{name} {weight.dtype} {tuple(weight.shape)} '.encode())
        raw = weight.detach().cpu().contiguous().flatten().view(torch.uint8)
        digest.update(raw.numpy().tobytes())
    return digest.hexdigest()
