"""Action classifiers, composed of registered parts."""

from mmvideomae.models.recognizers.distilled import DistilledRecognizer
from mmvideomae.models.recognizers.recognizer3d import Recognizer3D

__all__ = ['DistilledRecognizer', 'Recognizer3D']
