"""VIMPAC's views of a frame: resized, cropped to a square on a diagonal, and perhaps mirrored."""

from collections.abc import Sequence
from typing import NamedTuple

_FACTORS = {'top': 0, 'centre': 1, 'bottom': 2}


class DiagonalView(NamedTuple):
    """One of the views of a frame (VIMPAC, Appendix E and Table 4).

    Attributes:
        short_side: Short side of the frame before cropping, in pixels.
        position: 'top', 'centre' or 'bottom'.
        flip: Whether the square is mirrored after cropping.
    """

    short_side: int
    position: str = 'centre'
    flip: bool = False

    @property
    def name(self) -> str:
        """``160-top-flip``."""
        return f'{self.short_side}-{self.position}{"-flip" if self.flip else ""}'

    def resized(self, height: int, width: int) -> tuple[int, int]:
        """Height and width of a resized frame; its long side is rounded down."""
        if height >= width:
            return height * self.short_side // width, self.short_side
        return self.short_side, width * self.short_side // height

    def corner(self, height: int, width: int, size: int) -> tuple[int, int]:
        """Top and left of the square of ``size`` pixels in a resized frame."""
        factor = _FACTORS[self.position]
        return factor * (height - size) // 2, factor * (width - size) // 2


def diagonal_views(
    size: int, scales: Sequence[float], positions: Sequence[str], flip: bool
) -> list[DiagonalView]:
    """All views, ordered by flip (mirrored ones last), scale and position.

    Args:
        size: Side of the squares.
        scales: Short sides as multiples of ``size``, at least 1.
        positions: 'top', 'centre', 'bottom'.
        flip: Whether to add a mirrored view of each.

    Raises:
        ValueError: A scale or a position is invalid.
    """
    if size < 1 or not scales or min(scales) < 1:
        raise ValueError(f'size must be positive and scales at least 1, got {size}, {scales}')
    if not positions or (unknown := set(positions) - set(_FACTORS)):
        raise ValueError(f'positions must be {", ".join(_FACTORS)}, got {sorted(unknown)}')
    return [
        DiagonalView(int(size * scale + 1e-6), position, mirrored)
        for mirrored in ((False, True) if flip else (False,))
        for scale in scales
        for position in positions
    ]
