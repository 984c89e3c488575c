"""Heads, which turn tokens into predictions and losses."""

from mmvideomae.models.heads.action_box_head import ActionBoxHead
from mmvideomae.models.heads.action_former_head import ActionFormerClsHead, ActionFormerRegHead
from mmvideomae.models.heads.attentive_head import AttentiveHead
from mmvideomae.models.heads.contrastive_head import ContrastiveHead
from mmvideomae.models.heads.dynamic_head import DyFADetClsHead, DyFADetRegHead
from mmvideomae.models.heads.layer_head import LayerHead
from mmvideomae.models.heads.linear_head import LinearHead
from mmvideomae.models.heads.linear_probe_head import LinearProbeHead
from mmvideomae.models.heads.masked_code_head import MaskedCodeHead
from mmvideomae.models.heads.reconstruction_head import PixelReconstructionHead, ReconstructionHead
from mmvideomae.models.heads.trident_head import TridentRegHead

__all__ = [
    'ActionBoxHead',
    'ActionFormerClsHead',
    'ActionFormerRegHead',
    'AttentiveHead',
    'ContrastiveHead',
    'DyFADetClsHead',
    'DyFADetRegHead',
    'LayerHead',
    'LinearHead',
    'LinearProbeHead',
    'MaskedCodeHead',
    'PixelReconstructionHead',
    'ReconstructionHead',
    'TridentRegHead',
]
