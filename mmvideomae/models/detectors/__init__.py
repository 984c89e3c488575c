"""Parts that spatio-temporal action detectors add to mmdet's detectors."""

from mmvideomae.models.detectors.action_roi_head import ActionRoIHead

__all__ = ['ActionRoIHead']
