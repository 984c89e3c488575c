"""The predictor of V-JEPA 2."""

from typing import Any

import torch
from mmengine.model import BaseModule
from torch import Tensor, nn

from mmvideomae.models.layers import Block, init_transformer
from mmvideomae.models.layers.transformer import LAYER_NORM_EPS, shrink_residuals
from mmvideomae.ops.positions import Grid
from mmvideomae.ops.rotary import grid_rotation
from mmvideomae.registry import MODELS


@MODELS.register_module()
class VJEPA2Predictor(BaseModule):
    """Encoder tokens (B, n, in_dims) and queried positions -> predicted tokens (B, M, D).

    The encoder's tokens are mapped to the predictor's width and joined by one mask token per
    queried position.  All take part in the attention at their positions, which rotate queries and
    keys, so their order does not matter.  A linear head then maps the result to the width of the
    features to be predicted.  (V-JEPA 2, 2506.09985, section 2.)

    Args:
        in_dims: Width of the encoder's tokens.
        num_mask_tokens: Mask tokens in the weights; the released files have 10, all of which start
            at zero.
        mask_index: The one that is used.  The released training only ever used number 0, so the
            others are still zero; `transformers` uses number 1.
        with_cp: Activation checkpointing, block by block.
    """

    def __init__(
        self,
        in_dims: int = 1024,
        embed_dims: int = 384,
        depth: int = 12,
        num_heads: int = 12,
        mlp_ratio: float = 4.0,
        num_mask_tokens: int = 10,
        mask_index: int = 0,
        with_cp: bool = False,
        init_cfg: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(init_cfg=init_cfg)
        if depth < 1:
            raise ValueError(f'a predictor needs at least one block, not {depth}')
        if not 0 <= mask_index < num_mask_tokens:
            raise ValueError(f'there is no mask token {mask_index}, only {num_mask_tokens}')
        self.mask_index, self.head_dims = mask_index, embed_dims // num_heads
        self.mask_token = nn.Parameter(torch.zeros(num_mask_tokens, 1, embed_dims))
        self.blocks = nn.ModuleList(
            Block(embed_dims, num_heads, mlp_ratio, with_cp=with_cp, key_bias=True)
            for _ in range(depth)
        )
        self.norm = nn.LayerNorm(embed_dims, eps=LAYER_NORM_EPS)
        self.embed = nn.Linear(in_dims, embed_dims)
        init_transformer(self, 'trunc_normal')
        shrink_residuals(self.blocks)

    def forward(self, tokens: Tensor, visible_ids: Tensor, query_ids: Tensor, grid: Grid) -> Tensor:
        """Predict the positions ``query_ids`` (B, M) from ``tokens`` at ``visible_ids`` (B, n).

        Args:
            grid: Token grid (t, h, w) of the clip.

        Returns:
            (B, M, D), normalised, in the order of ``query_ids``.
        """
        seen = self.embed(tokens)
        asked = self.mask_token[self.mask_index].to(seen.dtype).expand(*query_ids.shape, -1)
        x = torch.cat([seen, asked], dim=1)
        ids = torch.cat([visible_ids, query_ids], dim=1)
        rotation = grid_rotation(ids, grid, self.head_dims)
        for block in self.blocks[:-1]:
            x = block(x, rotation=rotation)
        # Only the queried tokens of the last block are used, so only they are computed.
        return self.norm(self.blocks[-1](x, query_ids.shape[1], rotation))
