"""Mask generators in plain NumPy, which choose the tokens to hide (True = dropped)."""

from mmvideomae.masking.blocks import BlockMask, IidMask, of_ratio
from mmvideomae.masking.generators import (
    FrameMask,
    MaskGenerator,
    NestedTubeMask,
    RandomMask,
    RunningCellMask,
    TubeMask,
    count_dropped,
)
from mmvideomae.masking.multi_blocks import MultiBlockMask
from mmvideomae.masking.noise import BertNoise

__all__ = [
    'BertNoise',
    'BlockMask',
    'FrameMask',
    'IidMask',
    'MaskGenerator',
    'MultiBlockMask',
    'NestedTubeMask',
    'RandomMask',
    'RunningCellMask',
    'TubeMask',
    'count_dropped',
    'of_ratio',
]
