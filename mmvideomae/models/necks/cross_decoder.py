"""A decoder without self-attention: queried positions attend to the encoder's tokens only."""

from typing import Any

import torch
from mmengine.model import BaseModule
from torch import Tensor, nn
from torch.nn import functional as F

from mmvideomae.models.layers import Mlp, init_transformer
from mmvideomae.models.layers.transformer import LAYER_NORM_EPS
from mmvideomae.ops.positions import Grid, sinusoid_grid, sinusoid_table
from mmvideomae.ops.tokens import gather_tokens
from mmvideomae.registry import MODELS


class _CrossBlock(nn.Module):
    """Queries (B, M, D) attend to tokens (B, n, E); then an MLP; each with a skip connection."""

    def __init__(self, in_dims: int, embed_dims: int, num_heads: int, mlp_ratio: float) -> None:
        super().__init__()
        if embed_dims % num_heads:
            raise ValueError(f'a width of {embed_dims} does not divide into {num_heads} heads')
        self.num_heads = num_heads
        self.norm1 = nn.LayerNorm(embed_dims, eps=LAYER_NORM_EPS)
        self.q = nn.Linear(embed_dims, embed_dims)
        self.kv = nn.Linear(in_dims, 2 * embed_dims)
        self.proj = nn.Linear(embed_dims, embed_dims)
        self.norm2 = nn.LayerNorm(embed_dims, eps=LAYER_NORM_EPS)
        self.mlp = Mlp(embed_dims, int(embed_dims * mlp_ratio))

    def forward(self, x: Tensor, tokens: Tensor) -> Tensor:
        q = self.q(self.norm1(x)).unflatten(2, (self.num_heads, -1)).transpose(1, 2)
        kv = self.kv(tokens).unflatten(2, (2, self.num_heads, -1)).permute(2, 0, 3, 1, 4)
        attended = F.scaled_dot_product_attention(q, kv[0], kv[1])
        x = x + self.proj(attended.transpose(1, 2).flatten(2))
        return x + self.mlp(self.norm2(x))


@MODELS.register_module()
class CrossAttentionDecoder(BaseModule):
    """Encoder tokens (B, n, in_dims) and queried positions -> decoded tokens (B, M, D).

    The decoder of CrossMAE: mask tokens attend to the encoder's tokens in every block, and not to
    one another.  The prediction at a position thus does not depend on which others are queried, so
    that any share of the hidden tokens can be predicted.  CrossMAE's weighted sum of encoder blocks
    is left out.

    Args:
        grid_size: (t, h, w) for which the position table is made.
    """

    def __init__(
        self,
        in_dims: int = 768,
        embed_dims: int = 384,
        depth: int = 4,
        num_heads: int = 6,
        mlp_ratio: float = 4.0,
        grid_size: Grid = (8, 14, 14),
        init_cfg: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(init_cfg=init_cfg)
        if depth < 1:
            raise ValueError(f'a decoder needs at least one block, not {depth}')
        self.grid_size: Grid = (grid_size[0], grid_size[1], grid_size[2])
        self.embed_dims = embed_dims
        self.blocks = nn.ModuleList(
            _CrossBlock(in_dims, embed_dims, num_heads, mlp_ratio) for _ in range(depth)
        )
        self.norm = nn.LayerNorm(embed_dims, eps=LAYER_NORM_EPS)
        init_transformer(self, 'xavier')
        self.mask_token = nn.Parameter(torch.empty(1, 1, embed_dims))
        nn.init.trunc_normal_(self.mask_token, std=0.02)
        count = self.grid_size[0] * self.grid_size[1] * self.grid_size[2]
        table = sinusoid_table(count, embed_dims)[None].clone()
        self.register_buffer('pos_embed', table, persistent=False)

    def forward(
        self, tokens: Tensor, visible_ids: Tensor, query_ids: Tensor, grid: Grid | None = None
    ) -> Tensor:
        """Decode the positions ``query_ids`` (B, M) from ``tokens`` (B, n, in_dims).

        Args:
            visible_ids: Not used, since the encoder's tokens know their positions.
            grid: Token grid of the clip, if it is not ``grid_size``.

        Returns:
            (B, M, D), normalised, in the order of ``query_ids``.
        """
        positions = self.pos_embed
        if grid is not None and grid != self.grid_size:
            table = sinusoid_grid(grid, self.grid_size, self.embed_dims)
            positions = table.to(self.pos_embed)[None]
        x = self.mask_token.to(tokens.dtype) + gather_tokens(positions, query_ids).to(tokens.dtype)
        for block in self.blocks:
            x = block(x, tokens)
        return self.norm(x)
