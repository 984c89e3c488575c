"""The base of preprocessors of clips, which turn uint8 into normalised floats."""

from typing import Any

import torch
from mmengine.model import BaseDataPreprocessor
from torch import Tensor


class ClipDataPreprocessor(BaseDataPreprocessor):
    """Normalise clips on the device.

    Args:
        mean: Per channel, in 0 to 255.
        std: Per channel, in 0 to 255.
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

    def on_device(self, data: dict[str, Any]) -> dict[str, Any]:
        """Move a batch to the device, with its clips as uint8 views (B, R, C, T, H, W).

        Clips are ``inputs`` and entries whose name ends in ``_inputs``.

        Raises:
            ValueError: A clip is not (B, R, T, H, W, C).
        """
        batch = self.cast_data(data)
        clips = {key: value for key, value in batch.items() if is_clip(key)}
        for key, value in clips.items():
            found = getattr(value, 'shape', ())  # pseudo_collate makes a list
            if len(found) != 6:
                raise ValueError(
                    f'{key} must have shape (B, R, T, H, W, C), not {tuple(found)}; '
                    'end the pipeline with PackClips and collate with default_collate'
                )
            clips[key] = value.permute(0, 1, 5, 2, 3, 4)
        return {**batch, **clips}

    def normalise(self, clips: Tensor) -> Tensor:
        """Pixels (B, C, T, H, W) in 0 to 255 -> normalised float32."""
        clips = clips.to(torch.float32, memory_format=torch.contiguous_format)
        return clips.sub_(self.mean).div_(self.std)


def is_clip(key: str) -> bool:
    """Whether an entry of a batch is a clip: ``inputs`` or, for example, ``teacher_inputs``."""
    return key == 'inputs' or key.endswith('_inputs')
