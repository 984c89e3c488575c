"""Transforms of sample dicts: open, sample, read, augment, mask, crop and pack clips."""

from mmvideomae.datasets.transforms.boxes import (
    ClipRandomCropBoxes,
    ClipResizeShortSide,
    PackActionBoxes,
)
from mmvideomae.datasets.transforms.codes import OpenCodes, OpenLmdbCodes, ReadCodes
from mmvideomae.datasets.transforms.color_jitter import ClipColorJitterHSV
from mmvideomae.datasets.transforms.color_views import ClipColorViews
from mmvideomae.datasets.transforms.diagonal_crops import DiagonalCrop
from mmvideomae.datasets.transforms.erasing import ClipRandomErasing
from mmvideomae.datasets.transforms.features import (
    CropFeatures,
    LoadFeatures,
    PackFeatures,
    ResampleFeatures,
)
from mmvideomae.datasets.transforms.formatting import PackClips
from mmvideomae.datasets.transforms.fps_sampling import SampleFps
from mmvideomae.datasets.transforms.key_frames import SampleKeyFrameClip
from mmvideomae.datasets.transforms.loading import OpenVideo, ReadFrames
from mmvideomae.datasets.transforms.masks import GenerateMasks
from mmvideomae.datasets.transforms.processing import (
    ClipFlip,
    ClipMultiScaleCrop,
    ClipRandomResizedCrop,
)
from mmvideomae.datasets.transforms.rand_augment import ClipRandAugment
from mmvideomae.datasets.transforms.repeats import RepeatAugment
from mmvideomae.datasets.transforms.sampling import SampleClip, SampleDenseClips, SampleSegments
from mmvideomae.datasets.transforms.views import CropViews
from mmvideomae.datasets.transforms.windows import PackWindow, SampleWindow

__all__ = [
    'ClipColorJitterHSV',
    'ClipColorViews',
    'ClipFlip',
    'ClipMultiScaleCrop',
    'ClipRandAugment',
    'ClipRandomCropBoxes',
    'ClipRandomErasing',
    'ClipRandomResizedCrop',
    'ClipResizeShortSide',
    'CropFeatures',
    'CropViews',
    'DiagonalCrop',
    'GenerateMasks',
    'LoadFeatures',
    'OpenCodes',
    'OpenLmdbCodes',
    'OpenVideo',
    'PackActionBoxes',
    'PackClips',
    'PackFeatures',
    'PackWindow',
    'ReadCodes',
    'ReadFrames',
    'RepeatAugment',
    'ResampleFeatures',
    'SampleClip',
    'SampleDenseClips',
    'SampleFps',
    'SampleKeyFrameClip',
    'SampleSegments',
    'SampleWindow',
]
