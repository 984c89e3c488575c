"""Measure how many masked codes are restored by copying neighbours (VIMPAC, H.2)."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from mmvideomae.masking import of_ratio
from mmvideomae.ops.codes import copy_neighbours
from mmvideomae.registry import MASK_GENERATORS

MASKS: dict[str, dict[str, Any]] = {
    'block': {'type': 'BlockMask', 'num_blocks': 1},
    'i.i.d.': {'type': 'IidMask', 'ratio': 0.15},
}
COPIES = {'spatial': True, 'spatio-temporal': False}
"""For each kind of copy, whether `copy_neighbours` stays within a frame."""


@dataclass(frozen=True)
class CopiedCodes:
    """A clip's codes with one kind of mask.

    Attributes:
        kind: A key of ``MASKS``.
        ratio: Requested share of hidden codes.
        mask: The first mask, bool (t, h, w), True = hidden.
        restored: Restored codes (t, h, w) for this mask, for each of ``COPIES``.
        masked_share: Share of hidden codes, averaged over all masks.
        accuracy: Share of hidden codes that a copy restores, over all masks, for each of
            ``COPIES``.
    """

    kind: str
    ratio: float
    mask: np.ndarray
    restored: dict[str, Tensor]
    masked_share: float
    accuracy: dict[str, float]

    @property
    def summary(self) -> dict[str, Any]:
        """The numbers, keyed by name."""
        copies = {name.replace('-', '_'): value for name, value in self.accuracy.items()}
        shares = {'ratio': self.ratio, 'masked_share': self.masked_share}
        return {'mask': self.kind, **shares, 'accuracy': copies}


def copied_codes(
    codes: Tensor, kind: str, ratio: float, draws: int = 8, seed: int = 0
) -> CopiedCodes:
    """Hide codes (t, h, w) and copy the nearest visible ones, with several masks.

    Args:
        kind: A key of ``MASKS``; the number of blocks comes as close to ``ratio`` as possible.
        draws: Number of masks, with consecutive seeds from ``seed`` on.

    Raises:
        ValueError: ``ratio`` is out of range, or hides nothing or everything.
    """
    config = of_ratio({**MASKS[kind], 'grid_size': tuple(codes.shape)}, ratio)
    generator = MASK_GENERATORS.build(config)
    masks = [generator(np.random.default_rng(seed + number)) for number in range(draws)]
    hidden = [torch.from_numpy(mask) for mask in masks]
    if not any(mask.any() for mask in hidden):
        raise ValueError(f'a mask ratio of {ratio} hides no code of {tuple(codes.shape)}')
    restored: dict[str, Tensor] = {}
    accuracy = {}
    for name, within_frame in COPIES.items():
        found = [copy_neighbours(codes, mask, within_frame) for mask in hidden]
        right = [(each == codes)[mask] for each, mask in zip(found, hidden, strict=True)]
        restored[name], accuracy[name] = found[0], float(torch.cat(right).float().mean())
    share = float(np.mean([mask.mean() for mask in masks]))
    return CopiedCodes(kind, ratio, masks[0], restored, share, accuracy)
