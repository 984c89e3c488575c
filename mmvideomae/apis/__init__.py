"""The public Python interface; a part is imported when it is first used."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mmvideomae.apis.action_detector import ActionDetector
    from mmvideomae.apis.classifier import VideoClassifier
    from mmvideomae.apis.detected_actions import DetectedActions
    from mmvideomae.apis.features.extractor import FeatureExtractor, VideoFeatures
    from mmvideomae.apis.features.settings import FeatureSettings
    from mmvideomae.apis.found_segments import FoundSegments
    from mmvideomae.apis.inference import init_model
    from mmvideomae.apis.person_boxes import DetectedPeople, PersonDetector
    from mmvideomae.apis.predictions import Prediction, Timeline
    from mmvideomae.apis.probes.feature_cache import FeatureCache
    from mmvideomae.apis.probes.probing import ProbeReport, ProbeResult, probe
    from mmvideomae.apis.probes.settings import ProbeSettings
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
_MODULES = {
    'action_detector': ('ActionDetector',),
    'classifier': ('VideoClassifier',),
    'detected_actions': ('DetectedActions',),
    'features.extractor': ('FeatureExtractor', 'VideoFeatures'),
    'features.settings': ('FeatureSettings',),
    'found_segments': ('FoundSegments',),
    'inference': ('init_model',),
    'person_boxes': ('DetectedPeople', 'PersonDetector'),
    'predictions': ('Prediction', 'Timeline'),
    'probes.feature_cache': ('FeatureCache',),
    'probes.probing': ('ProbeReport', 'ProbeResult', 'probe'),
    'probes.settings': ('ProbeSettings',),
    'reconstructor': ('ReconstructedClip', 'Reconstructor'),
    'temporal_localizer': ('TemporalLocalizer',),
    'tokenizers': ('init_tokenizer',),
}


def __getattr__(name: str) -> Any:
    for module, names in _MODULES.items():
        if name in names:
            return getattr(import_module(f'{__name__}.{module}'), name)
    raise AttributeError(f'module {__name__!r} has no attribute {name!r}')


def __dir__() -> list[str]:
    return __all__
