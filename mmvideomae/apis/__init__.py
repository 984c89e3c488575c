"""The public Python interface."""

from mmvideomae.apis.action_detector import ActionDetector
from mmvideomae.apis.classifier import VideoClassifier
from mmvideomae.apis.detected_actions import DetectedActions
from mmvideomae.apis.features import FeatureExtractor, FeatureSettings, VideoFeatures
from mmvideomae.apis.found_segments import FoundSegments
from mmvideomae.apis.inference import init_model
from mmvideomae.apis.person_boxes import DetectedPeople, PersonDetector
from mmvideomae.apis.predictions import Prediction, Timeline
from mmvideomae.apis.probes import FeatureCache, ProbeReport, ProbeResult, ProbeSettings, probe
from mmvideomae.apis.reconstructor import ReconstructedClip, Reconstructor
from mmvideomae.apis.temporal_localizer import TemporalLocalizer
from mmvideomae.apis.tokenizers import init_tokenizer

__all__ = [
    'ActionDetector',
    'DetectedActions',
    'DetectedPeople',
    'FeatureCache',
    'FeatureExtractor',
    'FeatureSettings',
    'FoundSegments',
    'PersonDetector',
    'Prediction',
    'ProbeReport',
    'ProbeResult',
    'ProbeSettings',
    'ReconstructedClip',
    'Reconstructor',
    'TemporalLocalizer',
    'Timeline',
    'VideoClassifier',
    'VideoFeatures',
    'init_model',
    'init_tokenizer',
    'probe',
]
