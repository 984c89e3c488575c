"""What detectors of actions in space and time add to mmdet's, composed of registered parts."""

from mmvideomae.models.detectors.action_roi_head import ActionRoIHead

__all__ = ['ActionRoIHead']
