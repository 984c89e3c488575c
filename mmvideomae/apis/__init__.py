"""What a user calls from Python."""

from mmvideomae.apis.classifier import VideoClassifier
from mmvideomae.apis.features import FeatureExtractor, FeatureSettings, VideoFeatures
from mmvideomae.apis.inference import init_model
from mmvideomae.apis.predictions import Prediction, Timeline
from mmvideomae.apis.reconstructor import ReconstructedClip, Reconstructor

__all__ = [
    'FeatureExtractor',
    'FeatureSettings',
    'Prediction',
    'ReconstructedClip',
    'Reconstructor',
    'Timeline',
    'VideoClassifier',
    'VideoFeatures',
    'init_model',
]
