"""Predict from the encoder's own tokens, without a decoder."""

from typing import Any

from mmengine.model import BaseModule
from torch import Tensor

from mmvideomae.ops.positions import Grid, sinusoid_grid
from mmvideomae.ops.tokens import gather_tokens
from mmvideomae.registry import MODELS


@MODELS.register_module()
class VisibleTokens(BaseModule):
    """Encoder tokens (B, n, L * D) of L layers, with their positions added to each (UMT).

    Args:
        embed_dims: D.
        grid_size: (t, h, w) for which the positions are made.
        positions: Whether to add the fixed sinusoid; without it, tokens stay as they are.
    """

    def __init__(
        self,
        embed_dims: int = 768,
        grid_size: Grid = (8, 14, 14),
        positions: bool = True,
        init_cfg: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(init_cfg=init_cfg)
        self.embed_dims, self.positions = embed_dims, positions
        self.grid_size: Grid = (grid_size[0], grid_size[1], grid_size[2])
        table = sinusoid_grid(self.grid_size, self.grid_size, embed_dims)[None].clone()
        self.register_buffer('pos_embed', table, persistent=False)

    def forward(
        self, tokens: Tensor, visible_ids: Tensor, query_ids: Tensor, grid: Grid | None = None
    ) -> Tensor:
        """(B, n, L * D) -> alike; ``query_ids`` must be ``visible_ids`` (B, n)."""
        if not self.positions:
            return tokens
        table = self.pos_embed
        if grid is not None and grid != self.grid_size:
            table = sinusoid_grid(grid, self.grid_size, self.embed_dims).to(self.pos_embed)[None]
        added = gather_tokens(table, visible_ids).to(tokens.dtype)
        return (tokens.unflatten(2, (-1, self.embed_dims)) + added[:, :, None]).flatten(2)
