"""Batches of masked clips: uint8 until here, float from here."""

from typing import Any

import torch
from mmengine.model import BaseDataPreprocessor
from torch import Tensor

from mmvideomae.registry import MODELS

MASKS = ('encoder_mask', 'decoder_mask')


@MODELS.register_module()
class VideoMAEDataPreprocessor(BaseDataPreprocessor):
    """Flatten repeats into the batch and normalise on the device.

    ``inputs`` uint8 (B, R, T, H, W, C) -> float32 (B * R, C, T, H, W), the R
    views of a video adjacent; ``encoder_mask`` and ``decoder_mask`` (B, R, N)
    -> (B * R, N).  (V2 section 3.2, repeated augmentation.)

    Args:
        mean: per channel, in 0 to 255.
        std: per channel, in 0 to 255.
    """

    mean: Tensor
    std: Tensor

    def __init__(
        self,
        mean: tuple[float, ...] = (123.675, 116.28, 103.53),
        std: tuple[float, ...] = (58.395, 57.12, 57.375),
        non_blocking: bool = True,
    ) -> None:
        super().__init__(non_blocking=non_blocking)
        self.register_buffer('mean', torch.tensor(mean)[:, None, None, None], persistent=False)
        self.register_buffer('std', torch.tensor(std)[:, None, None, None], persistent=False)

    def forward(self, data: dict[str, Any], training: bool = False) -> dict[str, Any]:
        batch = self.cast_data(data)
        if batch['inputs'].ndim != 6:
            raise ValueError(
                f'inputs must be (B, R, T, H, W, C), not of shape {tuple(batch["inputs"].shape)}; '
                'end the pipeline with PackClips and collate with default_collate'
            )
        clips = batch['inputs'].flatten(0, 1).permute(0, 4, 1, 2, 3)
        out = {**batch, 'inputs': self.normalise(clips)}
        for key in MASKS:
            if key in batch:
                out[key] = batch[key].flatten(0, 1).flatten(1)
        return out

    def normalise(self, clips: Tensor) -> Tensor:
        """Pixels (B, C, T, H, W) in 0 to 255 -> normalised float32."""
        clips = clips.to(torch.float32, memory_format=torch.contiguous_format)
        return clips.sub_(self.mean).div_(self.std)

    def to_unit_range(self, patches: Tensor) -> Tensor:
        """Normalised values (..., P), channel fastest, -> pixels in [0, 1]."""
        channels = len(self.mean)
        split = patches.unflatten(-1, (-1, channels))
        pixels = torch.addcmul(self.mean.flatten() / 255, split, self.std.flatten() / 255)
        return pixels.flatten(-2)
