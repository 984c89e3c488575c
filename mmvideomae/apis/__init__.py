"""What a user calls from Python."""

from mmvideomae.apis.classifier import VideoClassifier
from mmvideomae.apis.inference import init_model
from mmvideomae.apis.predictions import Prediction, Timeline
from mmvideomae.apis.reconstructor import ReconstructedClip, Reconstructor

__all__ = [
    'Prediction',
    'ReconstructedClip',
    'Reconstructor',
    'Timeline',
    'VideoClassifier',
    'init_model',
]
