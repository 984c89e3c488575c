"""Attentive pooling: a learned query attends to tokens (V-JEPA 2, section 5)."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mmvideomae.models.layers.transformer import (
    Block,
    Mlp,
    init_transformer,
    shrink_residuals,
)

POOLER_NORM_EPS = 1e-5


class CrossBlock(nn.Module):
    """Queries (B, Q, D) attend to tokens (B, N, D), then an MLP, both with skips -> (B, Q, D).

    The tokens are normalised before the attention, but the queries are not, and the attention has
    no output layer.
    """

    def __init__(self, embed_dims: int, num_heads: int, mlp_ratio: float, norm_eps: float) -> None:
        super().__init__()
        if embed_dims % num_heads:
            raise ValueError(f'a width of {embed_dims} does not divide into {num_heads} heads')
        self.num_heads = num_heads
        self.norm1 = nn.LayerNorm(embed_dims, eps=norm_eps)
        self.q = nn.Linear(embed_dims, embed_dims)
        self.kv = nn.Linear(embed_dims, 2 * embed_dims)
        self.norm2 = nn.LayerNorm(embed_dims, eps=norm_eps)
        self.mlp = Mlp(embed_dims, int(embed_dims * mlp_ratio))

    def forward(self, queries: Tensor, tokens: Tensor) -> Tensor:
        q = self._heads(self.q(queries))
        k, v = (self._heads(part) for part in self.kv(self.norm1(tokens)).chunk(2, -1))
        found = F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2)
        x = queries + found
        return x + self.mlp(self.norm2(x))

    def _heads(self, x: Tensor) -> Tensor:
        """(B, N, D) -> (B, heads, N, d)."""
        return x.unflatten(2, (self.num_heads, -1)).transpose(1, 2)


class AttentivePooler(nn.Module):
    """Tokens (B, N, D) -> a vector (B, D): self-attention, then a query that attends to all.

    Any number of tokens is accepted, for example those of several clips of a video.

    Args:
        depth: Blocks, of which the last one is that of the query.
        num_heads: V-JEPA 2 uses 16 for every width.
        norm_eps: V-JEPA 2 uses 1e-5; Hugging Face's classifiers 1e-6.
        with_cp: Activation checkpointing of the self-attention, block by block.
    """

    def __init__(
        self,
        embed_dims: int,
        depth: int = 4,
        num_heads: int = 16,
        mlp_ratio: float = 4.0,
        norm_eps: float = POOLER_NORM_EPS,
        with_cp: bool = False,
    ) -> None:
        super().__init__()
        if depth < 1:
            raise ValueError(f'an attentive pooler needs at least one block, not {depth}')
        self.query = nn.Parameter(torch.empty(1, 1, embed_dims))
        self.blocks = nn.ModuleList(
            Block(
                embed_dims, num_heads, mlp_ratio, with_cp=with_cp, key_bias=True, norm_eps=norm_eps
            )
            for _ in range(depth - 1)
        )
        self.cross = CrossBlock(embed_dims, num_heads, mlp_ratio, norm_eps)
        self.init_weights()

    def init_weights(self) -> None:
        """Draw the weights anew, as V-JEPA 2 does."""
        init_transformer(self, 'trunc_normal')
        nn.init.trunc_normal_(self.query, std=0.02)
        shrink_residuals([self.cross, *self.blocks])

    def forward(self, tokens: Tensor) -> Tensor:
        for block in self.blocks:
            tokens = block(tokens)
        queries = self.query.to(tokens.dtype).expand(len(tokens), -1, -1)
        return self.cross(queries, tokens).squeeze(1)
