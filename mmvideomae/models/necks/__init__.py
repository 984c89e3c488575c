"""Modules between backbone and head."""

from mmvideomae.models.necks.mae_decoder import MAEDecoder
from mmvideomae.models.necks.roi_align import ActionRoIAlign
from mmvideomae.models.necks.segment_fpn import IdentityFPN, SegmentFPN

__all__ = ['ActionRoIAlign', 'IdentityFPN', 'MAEDecoder', 'SegmentFPN']
