"""Clip encoders: (B, C, T, H, W) -> tokens, a feature vector or a feature map."""

from mmvideomae.models.backbones.vit_videomae import VideoMAEViT

__all__ = ['VideoMAEViT']
