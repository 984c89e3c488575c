"""Predictions -> numbers."""

from mmvideomae.evaluation.accuracy import AccMetric
from mmvideomae.evaluation.linear_probe import LinearProbeMetric

__all__ = ['AccMetric', 'LinearProbeMetric']
