"""The vision transformer of V-JEPA 2, with rotary positions in space and time."""

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from mmvideomae.models.layers import Block, init_transformer
from mmvideomae.models.layers.cube_transformer import Arch, CubeTransformer, resolve_arch
from mmvideomae.models.layers.transformer import LAYER_NORM_EPS, shrink_residuals
from mmvideomae.models.layers.tuning import tune
from mmvideomae.ops.rotary import grid_rotation
from mmvideomae.registry import MODELS

# The released g has heads of 64 channels, unlike the giant encoder of VideoMAE V2.
VJEPA2_ARCHS = {
    'base': Arch(768, 12, 12),
    'large': Arch(1024, 24, 16),
    'huge': Arch(1280, 32, 16),
    'giant': Arch(1408, 40, 22, 48 / 11),
}


@MODELS.register_module()
class VJEPA2ViT(CubeTransformer):
    """Vision transformer over space-time cubes with rotary positions and without a class token.

    Clips (B, C, T, H, W) -> by ``out_type``: ``'tokens'`` (B, N, D), normalised; ``'avg'``
    (B, D), the mean of the normalised tokens; or ``'featmap'`` (B, D, t, h, w), normalised tokens
    on their grid.  Images (B, C, H, W) and clips of one frame are repeated to fill a tubelet.
    (V-JEPA 2, 2506.09985, section 2.)

    Any number of frames and any resolution that cubes divide are accepted: rotary positions
    extrapolate, see `grid_rotation`.  Those of V-JEPA 2.1 are different.

    Args:
        arch: 'base', 'large', 'huge', 'giant', or a dict with ``embed_dims``, ``depth``,
            ``num_heads`` and optionally ``mlp_ratio``.
        img_size: Side in pixels, or (height, width), of the clips that it is made for.
        num_frames: Frames of these clips.
        with_cp: Activation checkpointing, block by block.
        frozen: Disable gradients and drop path, for example under a probe.
        peft: Train only what a method adds, such as ``dict(type='LoRA', rank=8)``; see `tune`.
    """

    def __init__(
        self,
        arch: str | dict[str, Any] = 'large',
        img_size: int | tuple[int, int] = 256,
        patch_size: int = 16,
        num_frames: int = 16,
        tubelet_size: int = 2,
        in_channels: int = 3,
        drop_rate: float = 0.0,
        attn_drop_rate: float = 0.0,
        drop_path_rate: float = 0.0,
        with_cp: bool = False,
        out_type: str = 'tokens',
        frozen: bool = False,
        peft: dict[str, Any] | None = None,
        init_cfg: dict[str, Any] | None = None,
    ) -> None:
        sizes = resolve_arch(arch, VJEPA2_ARCHS)
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
        self.blocks = nn.ModuleList(
            Block(
                self.embed_dims,
                sizes.num_heads,
                sizes.mlp_ratio,
                drop_rate=drop_rate,
                attn_drop_rate=attn_drop_rate,
                drop_path_rate=rate,
                with_cp=with_cp,
                key_bias=True,
            )
            for rate in np.linspace(0, drop_path_rate, sizes.depth).tolist()
        )
        self.norm = nn.LayerNorm(self.embed_dims, eps=LAYER_NORM_EPS)
        init_transformer(self, 'trunc_normal')
        shrink_residuals(self.blocks)
        nn.init.trunc_normal_(self.patch_embed.proj.weight, std=0.02)
        nn.init.zeros_(self.patch_embed.proj.bias)
        tune(self, peft)
        self.freeze()

    def forward(self, clips: Tensor, visible_ids: Tensor | None = None) -> Tensor:
        """Encode clips (B, C, T, H, W) or images (B, C, H, W), or only tokens ``visible_ids``.

        Args:
            visible_ids: (B, n).

        Returns:
            (B, N or n, D), (B, D) or (B, D, t, h, w), depending on ``out_type``.
        """
        clips = clips[:, :, None] if clips.ndim == 4 else clips
        if clips.shape[2] == 1:
            clips = clips.expand(-1, -1, self.tubelet_size, -1, -1)
        grid = self.grid_of(*clips.shape[2:])
        self.require_all_tokens(visible_ids)
        x = self.patch_embed(clips, visible_ids)
        ids = visible_ids
        if ids is None:
            ids = torch.arange(x.shape[1], device=x.device)[None]
        rotation = grid_rotation(ids, grid, self.embed_dims // self.arch.num_heads)
        for block in self.blocks:
            x = block(x, rotation=rotation)
        x = self.norm(x)
        if self.out_type == 'avg':
            return x.mean(1)
        return x.transpose(1, 2).unflatten(2, grid) if self.out_type == 'featmap' else x
