"""Turn the loader's batch into the model's input on the device."""

from mmvideomae.models.data_preprocessors.action_boxes import ActionBoxDataPreprocessor
from mmvideomae.models.data_preprocessors.classification import ClassificationDataPreprocessor
from mmvideomae.models.data_preprocessors.clips import ClipDataPreprocessor
from mmvideomae.models.data_preprocessors.codes import (
    CodeClassificationPreprocessor,
    CodeDataPreprocessor,
)
from mmvideomae.models.data_preprocessors.features import FeatureDataPreprocessor
from mmvideomae.models.data_preprocessors.videomae import VideoMAEDataPreprocessor
from mmvideomae.models.data_preprocessors.windows import WindowDataPreprocessor

__all__ = [
    'ActionBoxDataPreprocessor',
    'ClassificationDataPreprocessor',
    'ClipDataPreprocessor',
    'CodeClassificationPreprocessor',
    'CodeDataPreprocessor',
    'FeatureDataPreprocessor',
    'VideoMAEDataPreprocessor',
    'WindowDataPreprocessor',
]
