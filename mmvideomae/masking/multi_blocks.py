"""Masks of V-JEPA: a few large blocks through all slots."""

from collections.abc import Sequence

import numpy as np

from mmvideomae.masking.generators import MaskGenerator
from mmvideomae.registry import MASK_GENERATORS

_ATTEMPTS = 100


@MASK_GENERATORS.register_module()
class MultiBlockMask(MaskGenerator):
    """The union of a few blocks of one size, each through the same share of slots (V-JEPA).

    A block covers ``scale`` of the places of a slot, with a random ratio of height to width; all
    blocks of a mask have the same size.  V-JEPA's two kinds of masks have 8 blocks of 0.15 and 2
    of 0.7.

    V-JEPA draws the size once for a batch, and then shortens the lists of visible and hidden
    tokens of all clips to the shortest of the batch.  Here the size is drawn for each mask, and a
    mask drops exactly ``num_masked`` tokens if that is given: too many are uncovered, and too few
    completed, one column of slots after another, at the edge of the blocks.

    Args:
        grid_size: Token grid ``(t, h, w)``.
        num_blocks: Blocks of a mask; they may overlap.
        scale: Share of the places of a slot that one block covers.
        aspect: Smallest and largest ratio of height to width.
        time_scale: Share of consecutive slots that a block covers.
        places: Number of places (h, w) of a slot that are dropped, if every block covers all
            slots; None leaves the number to chance.

    Raises:
        ValueError: A value is out of range.
    """

    def __init__(
        self,
        grid_size: Sequence[int],
        num_blocks: int,
        scale: float,
        aspect: tuple[float, float] = (0.75, 1.5),
        time_scale: float = 1.0,
        places: int | None = None,
    ) -> None:
        super().__init__(grid_size, ratio=0.0)
        slots, height, width = self.grid_size
        if num_blocks < 1 or not 0 < scale < 1 or not 0 < time_scale <= 1:
            raise ValueError(
                f'num_blocks={num_blocks}, scale={scale}, time_scale={time_scale}: blocks must be '
                'at least 1, and the scales lie in (0, 1)'
            )
        if not 0 < aspect[0] <= aspect[1]:
            raise ValueError(f'aspect must be two increasing positive numbers, got {aspect}')
        if places is not None and not (0 < places < height * width and time_scale == 1):
            raise ValueError(
                f'places={places} must be less than the {height * width} places of a slot, and '
                'needs blocks through all slots (time_scale=1)'
            )
        self.num_blocks, self.scale, self.aspect = num_blocks, scale, tuple(aspect)
        self.length, self.places = max(1, int(slots * time_scale)), places

    @property
    def num_masked(self) -> int | None:
        """``places`` in every slot, or None."""
        return None if self.places is None else self.places * self.grid_size[0]

    def __call__(self, rng: np.random.Generator, clip: np.ndarray | None = None) -> np.ndarray:
        for _ in range(_ATTEMPTS):
            mask = self._union(rng)
            if not mask.all():
                break
        else:
            raise ValueError(f'{self} left no token visible in {_ATTEMPTS} attempts: lower scale')
        return mask if self.places is None else self._with_count(mask, rng)

    def _union(self, rng: np.random.Generator) -> np.ndarray:
        """Blocks of one random size at random places, bool ``(t, h, w)``."""
        slots, height, width = self.grid_size
        area, aspect = int(height * width * self.scale), rng.uniform(*self.aspect)
        rows = min(max(round(np.sqrt(area * aspect)), 1), height)
        columns = min(max(round(np.sqrt(area / aspect)), 1), width)
        free = (slots - self.length, height - rows, width - columns)
        mask = np.zeros(self.grid_size, bool)
        for t, h, w in rng.integers(0, np.array(free) + 1, (self.num_blocks, 3)):
            mask[t : t + self.length, h : h + rows, w : w + columns] = True
        return mask

    def _with_count(self, mask: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Move the edge of the blocks, one random place at a time, to the wanted number."""
        assert self.places is not None
        slot = mask[0].copy()
        while (surplus := int(slot.sum()) - self.places) != 0:
            inner = slot if surplus > 0 else ~slot
            padded = np.pad(~inner, 1)
            near = padded[:-2, 1:-1] | padded[2:, 1:-1] | padded[1:-1, :-2] | padded[1:-1, 2:]
            edge = np.flatnonzero(inner & near)
            chosen = rng.permutation(edge if edge.size else np.flatnonzero(inner))
            slot.reshape(-1)[chosen[: abs(surplus)]] ^= True
        return np.broadcast_to(slot, self.grid_size).copy()

    def __repr__(self) -> str:
        return (
            f'{type(self).__name__}(grid_size={self.grid_size}, num_blocks={self.num_blocks}, '
            f'scale={self.scale}, places={self.places})'
        )
