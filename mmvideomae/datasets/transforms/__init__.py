"""Transforms of sample dicts: open, sample, read, augment, mask and pack clips."""

from mmvideomae.datasets.transforms.formatting import PackClips
from mmvideomae.datasets.transforms.loading import OpenVideo, ReadFrames, SampleClip
from mmvideomae.datasets.transforms.processing import ClipFlip, ClipMultiScaleCrop
from mmvideomae.datasets.transforms.repeats import GenerateMasks, RepeatAugment

__all__ = [
    'ClipFlip',
    'ClipMultiScaleCrop',
    'GenerateMasks',
    'OpenVideo',
    'PackClips',
    'ReadFrames',
    'RepeatAugment',
    'SampleClip',
]
