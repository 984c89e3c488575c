"""Modules shared by backbones, necks and heads, and ways to fine-tune a backbone."""

from mmvideomae.models.layers.adapters import AIM, AdaptFormer, STAdapter
from mmvideomae.models.layers.attentive_pooler import AttentivePooler
from mmvideomae.models.layers.batch_norm import SharedBatchNorm1d
from mmvideomae.models.layers.low_rank import LoRA
from mmvideomae.models.layers.patch_embed import CubeEmbed
from mmvideomae.models.layers.temporal_adapter import TIA
from mmvideomae.models.layers.transformer import Attention, Block, Mlp, init_transformer

__all__ = [
    'AIM',
    'TIA',
    'AdaptFormer',
    'Attention',
    'AttentivePooler',
    'Block',
    'CubeEmbed',
    'LoRA',
    'Mlp',
    'STAdapter',
    'SharedBatchNorm1d',
    'init_transformer',
]
