"""The plain vision transformer of VideoMAE and VideoMAE V2."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from mmvideomae.models.layers import Block, init_transformer
from mmvideomae.models.layers.cube_transformer import Arch, CubeTransformer, resolve_arch
from mmvideomae.models.layers.temporal_adapter import Apply, through_blocks
from mmvideomae.models.layers.transformer import LAYER_NORM_EPS
from mmvideomae.models.layers.tuning import tune
from mmvideomae.ops.positions import Grid, resize_table, sinusoid_grid, sinusoid_table
from mmvideomae.ops.tokens import gather_tokens
from mmvideomae.registry import MODELS

ARCHS = {
    'small': Arch(384, 12, 6),
    'base': Arch(768, 12, 12),
    'large': Arch(1024, 24, 16),
    'huge': Arch(1280, 32, 16),
    'giant': Arch(1408, 40, 16, 48 / 11),
}


@MODELS.register_module()
class VideoMAEViT(CubeTransformer):
    """Vision transformer over space-time cubes, without a class token.

    Clips (B, C, T, H, W) -> by ``out_type``: ``'tokens'`` (B, N, D), normalised;
    ``'avg'`` (B, D), the normalised mean of the tokens, for classification; or
    ``'featmap'`` (B, D, t, h, w), normalised tokens on their grid, for
    detection.  (VideoMAE V1 section 3, Table 8; V2 section 3, Table 7.)

    Any number of frames and any resolution that cubes divide are accepted:
    positions follow ``ops.positions.sinusoid_grid``.

    Args:
        arch: 'small', 'base', 'large', 'huge', 'giant', or a dict with
            ``embed_dims``, ``depth``, ``num_heads`` and optionally ``mlp_ratio``.
        img_size: Side in pixels, or (height, width), of the clips for which the
            position table is made.
        num_frames: Frames of the clips for which the position table is made.
        init_values: Initial layer scale; no layer scale if 0.
        learnable_pos: Learn the position table instead of using the fixed sinusoid.
        with_cp: Activation checkpointing, block by block.
        weight_init: 'xavier' (pre-training) or 'trunc_normal' (fine-tuning).
        frozen: Disable gradients and drop path, for example under a linear probe.
        peft: Train only what a method adds, such as ``dict(type='LoRA', rank=8)``; see `tune`.
    """

    def __init__(
        self,
        arch: str | dict[str, Any] = 'base',
        img_size: int | tuple[int, int] = 224,
        patch_size: int = 16,
        num_frames: int = 16,
        tubelet_size: int = 2,
        in_channels: int = 3,
        qkv_bias: bool = True,
        drop_rate: float = 0.0,
        attn_drop_rate: float = 0.0,
        drop_path_rate: float = 0.0,
        init_values: float = 0.0,
        learnable_pos: bool = False,
        with_cp: bool = False,
        out_type: str = 'tokens',
        weight_init: str = 'xavier',
        frozen: bool = False,
        peft: dict[str, Any] | None = None,
        init_cfg: dict[str, Any] | None = None,
    ) -> None:
        sizes = resolve_arch(arch, ARCHS)
        super().__init__(
            sizes,
            img_size,
            patch_size,
            num_frames,
            tubelet_size,
            in_channels,
            out_type,
            frozen,
            init_cfg,
        )
        self.learnable_pos = learnable_pos
        self._make_positions()
        self.blocks = nn.ModuleList(
            Block(
                self.embed_dims,
                sizes.num_heads,
                sizes.mlp_ratio,
                qkv_bias=qkv_bias,
                drop_rate=drop_rate,
                attn_drop_rate=attn_drop_rate,
                drop_path_rate=rate,
                init_values=init_values,
                with_cp=with_cp,
            )
            for rate in np.linspace(0, drop_path_rate, sizes.depth).tolist()
        )
        norm = nn.LayerNorm(self.embed_dims, eps=LAYER_NORM_EPS)
        self.norm = nn.Identity() if out_type == 'avg' else norm
        self.fc_norm = norm if out_type == 'avg' else nn.Identity()
        init_transformer(self, weight_init)
        tune(self, peft)
        self.freeze()

    def _make_positions(self) -> None:
        slots, height, width = self.grid_size
        table = sinusoid_table(slots * height * width, self.embed_dims)[None]
        if self.learnable_pos:
            self.pos_embed = nn.Parameter(nn.init.trunc_normal_(torch.empty(table.shape), std=0.02))
        else:
            # Cloned, because moving or casting one model must not affect the shared table.
            self.register_buffer('pos_embed', table.clone(), persistent=False)

    def forward(self, clips: Tensor, visible_ids: Tensor | None = None) -> Tensor:
        """Encode clips (B, C, T, H, W), or only their tokens ``visible_ids`` (B, n).

        Returns:
            (B, N or n, D), (B, D) or (B, D, t, h, w), depending on ``out_type``.
        """
        self.require_all_tokens(visible_ids)
        x = self.embed(clips, visible_ids)
        for block in self.blocks:
            x = block(x)
        if self.out_type == 'avg':
            return self.fc_norm(x.mean(1))
        x = self.norm(x)
        if self.out_type == 'featmap':
            return x.transpose(1, 2).unflatten(2, self.grid_of(*clips.shape[2:]))
        return x

    def embed(self, clips: Tensor, visible_ids: Tensor | None = None) -> Tensor:
        """The input of the first block: tokens (B, N or n, D) with their positions."""
        positions = self._positions(self.grid_of(*clips.shape[2:]))
        x = self.patch_embed(clips, visible_ids)
        if visible_ids is not None:
            positions = gather_tokens(positions, visible_ids)
        return x + positions.to(x.dtype)

    def encode_series(
        self, groups: Sequence[Tensor], prepare: Callable[[Tensor], Tensor], apply: Apply
    ) -> list[Tensor]:
        """Encode clips that follow one another, a group at a time, without a last norm.

        Only `TIA` connects the clips; without it, groups of any size give the same.

        Args:
            groups: Clips (n, C, T, H, W), uint8 for example.
            prepare: Makes the input of `embed` from a group.
            apply: Calls a function with arguments; for example, it recomputes instead of storing.

        Returns:
            Tokens (n, N, D) of each group.
        """
        streams = [apply(lambda clips: self.embed(prepare(clips)), group) for group in groups]
        return through_blocks(self.blocks, streams, self.grid_of(*groups[0].shape[2:]), apply)

    def _positions(self, grid: Grid) -> Tensor:
        """The (1, N, D) table of a grid."""
        if grid == self.grid_size:
            return self.pos_embed
        if self.learnable_pos:
            return resize_table(self.pos_embed[0], self.grid_size, grid)[None]
        return sinusoid_grid(grid, self.grid_size, self.embed_dims).to(self.pos_embed)[None]
