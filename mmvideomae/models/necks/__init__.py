"""What stands between a backbone and a head."""

from mmvideomae.models.necks.mae_decoder import MAEDecoder

__all__ = ['MAEDecoder']
