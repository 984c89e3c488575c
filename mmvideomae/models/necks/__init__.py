"""Modules between backbone and head."""

from mmvideomae.models.necks.mae_decoder import MAEDecoder
from mmvideomae.models.necks.roi_align import ActionRoIAlign
from mmvideomae.models.necks.segment_fpn import IdentityFPN, SegmentFPN
from mmvideomae.models.necks.vjepa2_predictor import VJEPA2Predictor

__all__ = ['ActionRoIAlign', 'IdentityFPN', 'MAEDecoder', 'SegmentFPN', 'VJEPA2Predictor']
