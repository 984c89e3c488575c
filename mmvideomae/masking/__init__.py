"""Which tokens are hidden: mask generators in plain NumPy (True = dropped)."""

from mmvideomae.masking.blocks import BlockMask, IidMask
from mmvideomae.masking.generators import (
    FrameMask,
    MaskGenerator,
    RandomMask,
    RunningCellMask,
    TubeMask,
    count_dropped,
)
from mmvideomae.masking.noise import BertNoise

__all__ = [
    'BertNoise',
    'BlockMask',
    'FrameMask',
    'IidMask',
    'MaskGenerator',
    'RandomMask',
    'RunningCellMask',
    'TubeMask',
    'count_dropped',
]
