"""Which tokens are hidden: mask generators in plain NumPy (True = dropped)."""

from mmvideomae.masking.generators import (
    FrameMask,
    MaskGenerator,
    RandomMask,
    RunningCellMask,
    TubeMask,
    count_dropped,
)

__all__ = [
    'FrameMask',
    'MaskGenerator',
    'RandomMask',
    'RunningCellMask',
    'TubeMask',
    'count_dropped',
]
