"""Modules between backbone and head."""

from mmvideomae.models.necks.cross_decoder import CrossAttentionDecoder
from mmvideomae.models.necks.mae_decoder import MAEDecoder
from mmvideomae.models.necks.normalized_mlp import NormalizedMLP
from mmvideomae.models.necks.roi_align import ActionRoIAlign
from mmvideomae.models.necks.segment_fpn import IdentityFPN, SegmentFPN
from mmvideomae.models.necks.visible_tokens import VisibleTokens
from mmvideomae.models.necks.vjepa2_predictor import VJEPA2Predictor

__all__ = [
    'ActionRoIAlign',
    'CrossAttentionDecoder',
    'IdentityFPN',
    'MAEDecoder',
    'NormalizedMLP',
    'SegmentFPN',
    'VJEPA2Predictor',
    'VisibleTokens',
]
