"""Codes: the integers of a tokenizer's vocabulary (VIMPAC)."""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor


class Vocabulary(NamedTuple):
    """Ids 0 to num_codes - 1 are codes; behind them are the special ids of the released VIMPAC.

    Of its five special ids VIMPAC uses two: `pad` stands where a short video has no frame, and
    `mask` where a code is hidden.  The others are kept for the shape of the released embedding.
    """

    num_codes: int = 8192

    @property
    def pad(self) -> int:
        return self.num_codes + 1

    @property
    def mask(self) -> int:
        return self.num_codes + 4

    @property
    def size(self) -> int:
        """Rows of the embedding."""
        return self.num_codes + 5


def encode_frames(encode: Callable[[Tensor], Tensor], frames: Tensor, chunk: int = 32) -> Tensor:
    """Pixels uint8 (N, H, W, 3) -> codes int64 (N, h, w), ``chunk`` frames at a time.

    The precision is that of the device and not of the caller, float16 on a GPU and else float32:
    near ties of two codes it decides, and codes are to be the same in training, test and files.

    Args:
        encode: Of a tokenizer: RGB in [0, 1], float32 (N, 3, H, W) -> codes.
    """
    kind = frames.device.type
    with torch.no_grad(), torch.autocast(kind, torch.float16, enabled=kind == 'cuda'):
        parts = [encode(_unit_range(part)) for part in frames.split(chunk)]
    return torch.cat(parts)


def _unit_range(frames: Tensor) -> Tensor:
    frames = frames.permute(0, 3, 1, 2)
    return frames.to(torch.float32, memory_format=torch.contiguous_format) / 255


def require_same_vocabulary(made: Vocabulary, known: Vocabulary) -> None:
    """Check that an encoder has learned the codes that a data preprocessor makes.

    Raises:
        ValueError: They are not as many.
    """
    if made != known:
        raise ValueError(
            f'the data preprocessor makes {made.num_codes} codes, but the backbone knows '
            f'{known.num_codes}: set num_codes of the backbone to that of the tokenizer'
        )
