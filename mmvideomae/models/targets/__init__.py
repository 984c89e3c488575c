"""What pre-training predicts at masked tokens."""

from mmvideomae.models.targets.pixels import PixelTarget
from mmvideomae.models.targets.target import Target

__all__ = ['PixelTarget', 'Target']
