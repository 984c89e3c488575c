"""Temporal action detectors, composed of registered parts."""

from mmvideomae.models.localizers.action_former import ActionFormer
from mmvideomae.models.localizers.end_to_end import EndToEndLocalizer
from mmvideomae.models.localizers.segment_loss import SegmentLoss
from mmvideomae.models.localizers.trident_loss import TridentLoss

__all__ = ['ActionFormer', 'EndToEndLocalizer', 'SegmentLoss', 'TridentLoss']
