"""Predictions -> numbers."""

from mmvideomae.evaluation.accuracy import AccMetric
from mmvideomae.evaluation.linear_probe import LinearProbeMetric
from mmvideomae.evaluation.segment_map import SegmentMAP

__all__ = ['AccMetric', 'LinearProbeMetric', 'SegmentMAP']
