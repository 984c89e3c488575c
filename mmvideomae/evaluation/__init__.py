"""Predictions -> numbers; for accuracy mmaction2's `AccMetric` serves."""

from mmvideomae.evaluation.linear_probe import LinearProbeMetric
from mmvideomae.evaluation.segment_map import SegmentMAP

__all__ = ['LinearProbeMetric', 'SegmentMAP']
