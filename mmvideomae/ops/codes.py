"""Codes: the integers of a tokenizer's vocabulary (VIMPAC)."""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

_PAIRS = 1 << 22  # distances computed at a time


class Vocabulary(NamedTuple):
    """Ids 0 to num_codes - 1 are codes; the special ids of the released VIMPAC follow.

    VIMPAC uses two of its five special ids: `pad` for frames that a short video lacks, and
    `mask` for hidden codes.  The rest are kept for the shape of the released embedding.
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
        """Number of rows of the embedding."""
        return self.num_codes + 5


def encode_frames(encode: Callable[[Tensor], Tensor], frames: Tensor, chunk: int = 32) -> Tensor:
    """Pixels uint8 (N, H, W, 3) -> codes int64 (N, h, w), ``chunk`` frames at a time.

    The precision depends on the device, not the caller: float16 on a GPU, else float32.  It
    decides near ties between codes, which must be the same in training, tests and files.

    Args:
        encode: The tokenizer's function: RGB in [0, 1], float32 (N, 3, H, W) -> codes.
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
        ValueError: The numbers of codes differ.
    """
    if made != known:
        raise ValueError(
            f'the data preprocessor uses {made.num_codes} codes, but the backbone '
            f'{known.num_codes}: set num_codes of the backbone to that of the tokenizer'
        )


def copy_neighbours(codes: Tensor, mask: Tensor, within_frame: bool = False) -> Tensor:
    """Fill each hidden place with the nearest visible code (VIMPAC, Figure 4).

    The distance is Euclidean on the grid of codes; among equally near codes, the first in the
    order (t, h, w) is taken.

    Args:
        codes: (t, h, w).
        mask: Bool (t, h, w), True = hidden.
        within_frame: Take a code of the same frame, or of the nearest frame with visible codes
            if all of it is hidden.

    Returns:
        (t, h, w), with visible codes unchanged.

    Raises:
        ValueError: Nothing is visible, or the mask does not fit.
    """
    if mask.shape != codes.shape or codes.ndim != 3:
        raise ValueError(f'a mask {tuple(mask.shape)} does not fit codes {tuple(codes.shape)}')
    if mask.all():
        raise ValueError('the mask hides all codes, so there is none to copy')
    # Makes every other frame farther than any place of the same frame.
    slot = sum(codes.shape[1:]) if within_frame else 1
    scale = torch.tensor([slot, 1, 1], device=codes.device)
    hidden, visible = mask.nonzero() * scale, (~mask).nonzero() * scale
    found = codes.clone()
    nearest = [
        sum((part[:, None, axis] - visible[:, axis]) ** 2 for axis in range(3)).argmin(1)
        for part in hidden.split(max(1, _PAIRS // len(visible)))
    ]
    if nearest:
        found[mask] = codes[~mask][torch.cat(nearest)]
    return found
