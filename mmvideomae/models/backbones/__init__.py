"""Encoders: clips -> tokens, a vector or a feature map; feature sequences -> a pyramid."""

from mmvideomae.models.backbones.action_former import ActionFormerBackbone
from mmvideomae.models.backbones.vit_videomae import VideoMAEViT

__all__ = ['ActionFormerBackbone', 'VideoMAEViT']
