"""Batches of masked clips."""

from typing import Any

import torch
from torch import Tensor

from mmvideomae.models.data_preprocessors.clips import ClipDataPreprocessor, is_clip
from mmvideomae.registry import MODELS


@MODELS.register_module()
class VideoMAEDataPreprocessor(ClipDataPreprocessor):
    """Flatten repeats into the batch and normalise on the device.

    ``inputs`` and ``*_inputs`` uint8 (B, R, T, H, W, C) -> float32 (B * R, C, T, H, W), with the
    R views of a video adjacent; ``*_mask`` and ``*_ids`` (B, R, n) -> (B * R, n).  (V2 section
    3.2, repeated augmentation.)
    """

    def forward(self, data: dict[str, Any], training: bool = False) -> dict[str, Any]:
        batch = self.on_device(data)
        for key, value in batch.items():
            if is_clip(key):
                batch[key] = self.normalise(value.flatten(0, 1))
            elif key.endswith(('_mask', '_ids')):
                batch[key] = value.flatten(0, 1).flatten(1)
        return batch

    def to_unit_range(self, patches: Tensor) -> Tensor:
        """Normalised values (..., P), channel fastest, -> pixels in [0, 1]."""
        channels = len(self.mean)
        split = patches.unflatten(-1, (-1, channels))
        pixels = torch.addcmul(self.mean.flatten() / 255, split, self.std.flatten() / 255)
        return pixels.flatten(-2)
