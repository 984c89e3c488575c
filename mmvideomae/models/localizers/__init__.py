"""Temporal action detectors, composed of registered parts."""

from mmvideomae.models.localizers.action_former import ActionFormer
from mmvideomae.models.localizers.segment_loss import SegmentLoss

__all__ = ['ActionFormer', 'SegmentLoss']
