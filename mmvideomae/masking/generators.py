"""Mask generators: (t, h, w) boolean grids, True = dropped.

An encoder mask marks tokens that the encoder does not see, a decoder mask tokens
that the decoder does not reconstruct.  The same classes serve both.  All masks of
one generator in this module drop the same number of tokens, so that the masks of a
batch become index tensors of equal length.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence

import numpy as np

from mmvideomae.registry import MASK_GENERATORS

_FLOAT_SLACK = 1e-9


def count_dropped(ratio: float, total: int) -> int:
    """Number of dropped tokens of ``total``: the floor of ``ratio * total``.

    The papers' code uses ``int(ratio * total)``.  A binary product can be slightly less
    than the whole number that the decimal ratio implies (``int(0.29 * 100)`` is 28),
    so 1e-9 is added first.  No published setting changes: for the papers' ratios
    (.25, .5, .75, .875, .9, .95) both formulas give the same count at every ``total``
    below 10,000 (tested).
    """
    return int(ratio * total + _FLOAT_SLACK)


class MaskGenerator(ABC):
    """Draws masks of one grid and ratio: ``generator(rng, clip) -> bool (t, h, w)``.

    Args:
        grid_size: Token grid ``(t, h, w)``; ``t`` counts slots (frames / tubelet).
        ratio: Share of dropped tokens, in [0, 1).

    Raises:
        ValueError: The grid is not three positive integers, or the ratio is outside
            [0, 1).
    """

    def __init__(self, grid_size: Sequence[int], ratio: float) -> None:
        sides = tuple(grid_size)
        if len(sides) != 3 or any(int(side) != side or side < 1 for side in sides):
            raise ValueError(
                f'grid_size must be three positive integers (t, h, w), got {grid_size}'
            )
        if not 0 <= ratio < 1:
            raise ValueError(f'{type(self).__name__}: ratio must lie in [0, 1), got {ratio}')
        self.grid_size: tuple[int, int, int] = (int(sides[0]), int(sides[1]), int(sides[2]))
        self.ratio = float(ratio)

    @property
    @abstractmethod
    def num_masked(self) -> int | None:
        """Number of dropped tokens in a mask; None if it varies, for methods that keep all tokens.

        Without a common count, masks are packed without token ids.
        """

    @abstractmethod
    def __call__(self, rng: np.random.Generator, clip: np.ndarray | None = None) -> np.ndarray:
        """Draw one mask, bool ``(t, h, w)``, as a new array.

        Args:
            clip: ``(T, H, W, 3)`` uint8, for masks that depend on the clip; None if any mask
                with the right count will do.
        """

    def __repr__(self) -> str:
        return f'{type(self).__name__}(grid_size={self.grid_size}, ratio={self.ratio})'


def _draw(rng: np.random.Generator, num_dropped: int, total: int) -> np.ndarray:
    """Flat bool ``(total,)`` that is True at ``num_dropped`` uniformly drawn places."""
    mask = np.zeros(total, dtype=bool)
    mask[:num_dropped] = True
    rng.shuffle(mask)
    return mask


@MASK_GENERATORS.register_module()
class TubeMask(MaskGenerator):
    """One random spatial mask, repeated in all slots (VideoMAE, Section 3.3).

    ``int(ratio * h * w)`` tokens of each slot are dropped, the same in every slot:
    176 of 14 x 14 at 0.9, so 160 of 8 x 14 x 14 tokens stay visible.
    """

    @property
    def num_masked(self) -> int:
        t, h, w = self.grid_size
        return t * count_dropped(self.ratio, h * w)

    def __call__(self, rng: np.random.Generator, clip: np.ndarray | None = None) -> np.ndarray:
        t, h, w = self.grid_size
        slot = _draw(rng, count_dropped(self.ratio, h * w), h * w).reshape(1, h, w)
        return np.repeat(slot, t, axis=0)


@MASK_GENERATORS.register_module()
class NestedTubeMask(TubeMask):
    """Tubes for a student and for a teacher that sees all that the student sees, and more (AMD).

    Args:
        grid_size: Token grid ``(t, h, w)``.
        ratio: Share of a slot that is hidden from the student.
        teacher_ratio: Share that is hidden from the teacher, less than ``ratio``.

    Raises:
        ValueError: The teacher does not see more.
    """

    def __init__(self, grid_size: Sequence[int], ratio: float, teacher_ratio: float) -> None:
        super().__init__(grid_size, ratio)
        _, h, w = self.grid_size
        self.counts = tuple(count_dropped(share, h * w) for share in (ratio, teacher_ratio))
        if not 0 <= self.counts[1] < self.counts[0]:
            raise ValueError(
                f'a teacher that misses {teacher_ratio} of a slot must see more than its student, '
                f'who misses {ratio}'
            )

    def draw_pair(self, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """The student's mask and the teacher's, bool ``(t, h, w)``."""
        t, h, w = self.grid_size
        rank = rng.permutation(h * w).reshape(1, h, w)
        student, teacher = (np.repeat(rank < count, t, axis=0) for count in self.counts)
        return student, teacher

    def __call__(self, rng: np.random.Generator, clip: np.ndarray | None = None) -> np.ndarray:
        return self.draw_pair(rng)[0]


@MASK_GENERATORS.register_module()
class RandomMask(MaskGenerator):
    """Drop ``int(ratio * t * h * w)`` tokens anywhere in the grid (VideoMAE, Table 1b)."""

    @property
    def num_masked(self) -> int:
        t, h, w = self.grid_size
        return count_dropped(self.ratio, t * h * w)

    def __call__(self, rng: np.random.Generator, clip: np.ndarray | None = None) -> np.ndarray:
        t, h, w = self.grid_size
        return _draw(rng, self.num_masked, t * h * w).reshape(t, h, w)


@MASK_GENERATORS.register_module()
class FrameMask(MaskGenerator):
    """Drop ``int(ratio * t)`` whole slots (VideoMAE, Table 1b: 7 of 8 slots at 87.5 %)."""

    @property
    def num_masked(self) -> int:
        t, h, w = self.grid_size
        return count_dropped(self.ratio, t) * h * w

    def __call__(self, rng: np.random.Generator, clip: np.ndarray | None = None) -> np.ndarray:
        t, h, w = self.grid_size
        slots = _draw(rng, count_dropped(self.ratio, t), t)
        return np.repeat(slots, h * w).reshape(t, h, w)


@MASK_GENERATORS.register_module()
class RunningCellMask(MaskGenerator):
    """A 2 x 2 cell whose dropped places shift from slot to slot (VideoMAE V2, Section 3.2).

    ``n = 4 * ratio`` places of the cell are dropped.  In slot ``k`` of phase ``s``
    place ``i`` (row-major) is dropped if ``(i + s + 1 + k) mod 4 < n``; the cell is
    tiled over the slot and ``s`` is drawn uniformly from 0..3.  Over any 4
    consecutive slots each place of the grid is kept ``4 - n`` times.

    On a grid with odd sides the tiling is cropped.  The crop may have a few dropped
    tokens more or less than ``int(ratio * t * h * w)``; then the smallest possible
    number of uniformly drawn tokens is kept or dropped in addition, so that every
    mask of the generator has exactly that count.  With even sides, every slot has
    exactly ``ratio * h * w`` dropped tokens for any number of slots, and nothing is
    changed.

    Args:
        grid_size: Token grid ``(t, h, w)``.
        ratio: 0.25, 0.5 or 0.75.

    Raises:
        ValueError: The ratio is another one, which a cell of 4 cannot realise.
    """

    _CELL = 2
    _PLACES = _CELL * _CELL

    def __init__(self, grid_size: Sequence[int], ratio: float = 0.5) -> None:
        super().__init__(grid_size, ratio)
        if ratio not in (0.25, 0.5, 0.75):
            raise ValueError(
                f'RunningCellMask drops 1, 2 or 3 of the 4 places of a cell: ratio must be 0.25, '
                f'0.5 or 0.75, got {ratio}; to reconstruct every token, omit the decoder mask'
            )
        phases = [self._tile(phase) for phase in range(self._PLACES)]
        self._maps = np.stack(phases)

    @property
    def num_masked(self) -> int:
        t, h, w = self.grid_size
        return count_dropped(self.ratio, t * h * w)

    def __call__(self, rng: np.random.Generator, clip: np.ndarray | None = None) -> np.ndarray:
        mask = self._maps[rng.integers(self._PLACES)].copy()
        surplus = int(np.count_nonzero(mask)) - self.num_masked
        if surplus:
            flat = mask.reshape(-1)
            changeable = np.flatnonzero(flat == (surplus > 0))
            flat[rng.choice(changeable, size=abs(surplus), replace=False)] ^= True
        return mask

    def _tile(self, phase: int) -> np.ndarray:
        """The mask of one phase, bool ``(t, h, w)``: the cell, tiled and cropped."""
        t, h, w = self.grid_size
        slot, row, col = np.ogrid[:t, :h, :w]
        place = (row % self._CELL) * self._CELL + col % self._CELL
        shift = phase + 1 + slot
        return (place + shift) % self._PLACES < int(self._PLACES * self.ratio)
