"""Encoders: clips or codes -> tokens, a vector or a feature map; features -> a pyramid."""

from mmvideomae.models.backbones.action_former import ActionFormerBackbone
from mmvideomae.models.backbones.factorized_transformer import (
    CodeFeatures,
    FactorizedVideoTransformer,
)
from mmvideomae.models.backbones.hf_video import HFVideoBackbone
from mmvideomae.models.backbones.timm_frames import TimmFrameBackbone
from mmvideomae.models.backbones.tri_det import DyFADetBackbone, TriDetBackbone
from mmvideomae.models.backbones.vit_videomae import VideoMAEViT
from mmvideomae.models.backbones.vjepa2 import VJEPA2ViT

__all__ = [
    'ActionFormerBackbone',
    'CodeFeatures',
    'DyFADetBackbone',
    'FactorizedVideoTransformer',
    'HFVideoBackbone',
    'TimmFrameBackbone',
    'TriDetBackbone',
    'VJEPA2ViT',
    'VideoMAEViT',
]
