"""Targets, which pre-training predicts at masked tokens."""

from mmvideomae.models.targets.codes import CodeTarget
from mmvideomae.models.targets.hog import HOGTarget
from mmvideomae.models.targets.latent import LatentTarget
from mmvideomae.models.targets.pixels import PixelTarget
from mmvideomae.models.targets.target import Target

__all__ = ['CodeTarget', 'HOGTarget', 'LatentTarget', 'PixelTarget', 'Target']
