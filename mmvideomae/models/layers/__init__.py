"""Modules shared by backbones, necks and heads; they are not registered."""

from mmvideomae.models.layers.attentive_pooler import AttentivePooler
from mmvideomae.models.layers.batch_norm import SharedBatchNorm1d
from mmvideomae.models.layers.patch_embed import CubeEmbed
from mmvideomae.models.layers.transformer import Attention, Block, Mlp, init_transformer

__all__ = [
    'Attention',
    'AttentivePooler',
    'Block',
    'CubeEmbed',
    'Mlp',
    'SharedBatchNorm1d',
    'init_transformer',
]
