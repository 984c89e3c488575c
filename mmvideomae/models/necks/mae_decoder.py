"""The light decoder of masked video pre-training."""

from typing import Any

import torch
from mmengine.model import BaseModule
from torch import Tensor, nn

from mmvideomae.models.layers import Block, init_transformer
from mmvideomae.models.layers.transformer import LAYER_NORM_EPS
from mmvideomae.ops.positions import Grid, sinusoid_grid, sinusoid_table
from mmvideomae.ops.tokens import gather_tokens
from mmvideomae.registry import MODELS


@MODELS.register_module()
class MAEDecoder(BaseModule):
    """Encoder tokens (B, n, in_dims) and queried positions -> decoded tokens (B, M, D).

    The encoder's tokens are mapped to the decoder's width and followed by one
    mask token per queried position; positions that the encoder saw may be
    queried too (V2 section 3.2, dual masking).  (V1 Table 8; V2 Table 7.)

    Args:
        grid_size: (t, h, w) for which the position table is made.
        with_cp: Activation checkpointing, block by block.
    """

    def __init__(
        self,
        in_dims: int = 768,
        embed_dims: int = 384,
        depth: int = 4,
        num_heads: int = 6,
        mlp_ratio: float = 4.0,
        grid_size: Grid = (8, 14, 14),
        with_cp: bool = False,
        init_cfg: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(init_cfg=init_cfg)
        if depth < 1:
            raise ValueError(f'a decoder needs at least one block, not {depth}')
        self.grid_size: Grid = (grid_size[0], grid_size[1], grid_size[2])
        self.embed_dims = embed_dims
        self.blocks = nn.ModuleList(
            Block(embed_dims, num_heads, mlp_ratio, with_cp=with_cp) for _ in range(depth)
        )
        self.norm = nn.LayerNorm(embed_dims, eps=LAYER_NORM_EPS)
        init_transformer(self, 'xavier')
        # Created after the initialisation above, to keep PyTorch's own as in the released code.
        self.embed = nn.Linear(in_dims, embed_dims, bias=False)
        self.mask_token = nn.Parameter(torch.empty(1, 1, embed_dims))
        nn.init.trunc_normal_(self.mask_token, std=0.02, a=-0.02, b=0.02)
        count = self.grid_size[0] * self.grid_size[1] * self.grid_size[2]
        table = sinusoid_table(count, embed_dims)[None].clone()
        self.register_buffer('pos_embed', table, persistent=False)

    def forward(
        self, tokens: Tensor, visible_ids: Tensor, query_ids: Tensor, grid: Grid | None = None
    ) -> Tensor:
        """Decode the positions ``query_ids`` (B, M) from ``tokens`` at ``visible_ids`` (B, n).

        Args:
            grid: Token grid of the clip, if it is not ``grid_size``.

        Returns:
            (B, M, D), normalised, in the order of ``query_ids``.
        """
        positions = self._positions(grid or self.grid_size)
        seen = self.embed(tokens)
        seen = seen + gather_tokens(positions, visible_ids).to(seen.dtype)
        asked = self.mask_token.to(seen.dtype) + gather_tokens(positions, query_ids).to(seen.dtype)
        x = torch.cat([seen, asked], dim=1)
        for block in self.blocks[:-1]:
            x = block(x)
        # Only the queried tokens of the last block are used, so only they are computed.
        return self.norm(self.blocks[-1](x, num_queries=query_ids.shape[1]))

    def _positions(self, grid: Grid) -> Tensor:
        if grid == self.grid_size:
            return self.pos_embed
        return sinusoid_grid(grid, self.grid_size, self.embed_dims).to(self.pos_embed)[None]
