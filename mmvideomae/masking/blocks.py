"""Masks of VIMPAC: blocks in space and time, and independently hidden tokens."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from mmvideomae.masking.generators import MaskGenerator
from mmvideomae.registry import MASK_GENERATORS

Block = tuple[slice, slice, slice]
"""A box of tokens: ranges of slots, rows and columns."""


@MASK_GENERATORS.register_module()
class BlockMask(MaskGenerator):
    """The union of random boxes of tokens (VIMPAC, Section 3.1 and Table 2).

    The sides of each box are drawn uniformly from 1 to 2/3 of the slots and from 1 to half of the
    rows and columns (rounded down, at least 1), and its place uniformly from those where it fits.
    The paper says that 2/3 is rounded up, but the shares in its Table 2 are those of the released
    code, which rounds it down.

    Args:
        grid_size: Token grid ``(t, h, w)``.
        num_blocks: Number of boxes in a mask; 5 hide 14.4 % of 5 x 16 x 16 tokens on average.

    Attributes:
        ratio: Share of the tokens that a mask hides on average.
    """

    def __init__(self, grid_size: Sequence[int], num_blocks: int) -> None:
        super().__init__(grid_size, ratio=0.0)
        if num_blocks < 1:
            raise ValueError(f'num_blocks must be positive, got {num_blocks}')
        self.num_blocks = num_blocks
        slots, rows, columns = self.grid_size
        self._sides = np.array(self.grid_size)
        self._longest = np.maximum((slots * 2 // 3, rows // 2, columns // 2), 1)
        self.ratio = self._expected_ratio()

    @property
    def num_masked(self) -> None:
        """Masks differ."""
        return None

    def __call__(self, rng: np.random.Generator, clip: np.ndarray | None = None) -> np.ndarray:
        return self.cover(self.draw_blocks(rng))

    def draw_blocks(self, rng: np.random.Generator) -> list[Block]:
        """Draw the boxes of one mask; they may overlap."""
        lengths, places = rng.random((2, self.num_blocks, 3))
        lengths = 1 + (lengths * self._longest).astype(np.int64)
        starts = (places * (self._sides - lengths + 1)).astype(np.int64)
        return [
            (slice(t, t_end), slice(h, h_end), slice(w, w_end))
            for (t, h, w), (t_end, h_end, w_end) in zip(
                starts.tolist(), (starts + lengths).tolist(), strict=True
            )
        ]

    def cover(self, blocks: Sequence[Block]) -> np.ndarray:
        """The mask that hides the tokens of the boxes, bool ``(t, h, w)``."""
        mask = np.zeros(self.grid_size, bool)
        for block in blocks:
            mask[block] = True
        return mask

    def _expected_ratio(self) -> float:
        """One minus the probability that no box hides a token, averaged over the tokens."""
        t, h, w = (
            _coverage(side, longest)
            for side, longest in zip(self.grid_size, self._longest.tolist(), strict=True)
        )
        hidden_by_one = t[:, None, None] * h[:, None] * w
        return float((1 - (1 - hidden_by_one) ** self.num_blocks).mean())

    def __repr__(self) -> str:
        return (
            f'{type(self).__name__}(grid_size={self.grid_size}, num_blocks={self.num_blocks}) '
            f'of {self.ratio:.1%}'
        )


def _coverage(side: int, longest: int) -> np.ndarray:
    """The probability that an interval of random length, up to ``longest``, covers each place."""
    chances = np.zeros(side)
    for length in range(1, longest + 1):
        for start in range(side - length + 1):
            chances[start : start + length] += 1 / (side - length + 1)
    return chances / longest


@MASK_GENERATORS.register_module()
class IidMask(MaskGenerator):
    """Hide each token independently with the same probability (VIMPAC, equation 2).

    `RandomMask` hides the same number of tokens each time.

    Args:
        grid_size: Token grid ``(t, h, w)``.
        ratio: Probability for each token, in (0, 1).

    Raises:
        ValueError: The ratio is 0 or outside [0, 1).
    """

    def __init__(self, grid_size: Sequence[int], ratio: float) -> None:
        super().__init__(grid_size, ratio)
        if not ratio:
            raise ValueError('IidMask with ratio 0 hides no token, so nothing would be predicted')

    @property
    def num_masked(self) -> None:
        """Masks differ."""
        return None

    def __call__(self, rng: np.random.Generator, clip: np.ndarray | None = None) -> np.ndarray:
        return rng.random(self.grid_size) < self.ratio


def of_ratio(config: dict[str, Any], ratio: float) -> dict[str, Any]:
    """The config of a mask generator with another share; for blocks, the closest number of them.

    Args:
        config: The generator's config, including its grid.

    Raises:
        ValueError: The share is outside (0, 1), for blocks.
    """
    if 'num_blocks' not in config:
        return {**config, 'ratio': ratio}
    if not 0 < ratio < 1:
        raise ValueError(f'ratio must lie in (0, 1), got {ratio}')
    grid, count = config['grid_size'], 1
    while BlockMask(grid, count + 1).ratio < ratio:
        count += 1
    near = min((count, count + 1), key=lambda number: abs(BlockMask(grid, number).ratio - ratio))
    return {**config, 'num_blocks': near}
