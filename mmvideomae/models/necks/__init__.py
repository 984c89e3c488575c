"""What stands between a backbone and a head."""

from mmvideomae.models.necks.mae_decoder import MAEDecoder
from mmvideomae.models.necks.segment_fpn import IdentityFPN, SegmentFPN

__all__ = ['IdentityFPN', 'MAEDecoder', 'SegmentFPN']
