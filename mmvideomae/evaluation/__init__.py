"""Predictions -> numbers; for accuracy mmaction2's `AccMetric` serves."""

from mmvideomae.evaluation.linear_probe import LinearProbeMetric

__all__ = ['LinearProbeMetric']
