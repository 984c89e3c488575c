"""Extract features of untrimmed videos."""

from mmvideomae.apis.features.extractor import ExtractionError, FeatureExtractor, VideoFeatures
from mmvideomae.apis.features.settings import PRESETS, FeatureSettings, finetuned_settings

__all__ = [
    'PRESETS',
    'ExtractionError',
    'FeatureExtractor',
    'FeatureSettings',
    'VideoFeatures',
    'finetuned_settings',
]
