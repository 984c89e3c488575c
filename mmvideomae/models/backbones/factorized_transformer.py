"""VIMPAC's transformer over the codes of a tokenizer."""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from mmengine.model import BaseModule
from torch import Tensor, nn

from mmvideomae.models.layers import init_transformer
from mmvideomae.models.layers.axis_attention import CODE_NORM_EPS, AxisBlock, parse_layout
from mmvideomae.ops.code_archs import resolve_code_arch
from mmvideomae.ops.codes import Vocabulary
from mmvideomae.ops.positions import Grid, resize_axis
from mmvideomae.registry import MODELS


class CodeFeatures(NamedTuple):
    """The output of a transformer over codes."""

    cls: Tensor
    """(B, D)."""
    tokens: Tensor
    """(B, N, D)."""


CODE_OUT_TYPES = ('cls', 'tokens', 'featmap', 'all')


class AxisPositions(nn.Module):
    """Learned positions: the sum of a table for each axis, and a vector for CLS."""

    def __init__(self, grid: Grid, embed_dims: int) -> None:
        super().__init__()
        self.cls, self.time, self.height, self.width = (
            nn.Parameter(torch.empty(size, embed_dims)) for size in (1, *grid)
        )
        nn.init.normal_(self.cls, std=0.02)
        for table in (self.time, self.height, self.width):
            nn.init.normal_(table, std=0.02 / math.sqrt(3))

    def forward(self, grid: Grid) -> Tensor:
        """Positions (t, h, w, D) of a grid; a table of another size is interpolated."""
        tables = zip((self.time, self.height, self.width), grid, strict=True)
        time, height, width = (resize_axis(table, size) for table, size in tables)
        return time[:, None, None] + height[:, None] + width


@MODELS.register_module()
class FactorizedVideoTransformer(BaseModule):
    """Transformer over codes of frames with attention along one axis at a time.

    Codes (B, t, h, w) -> by ``out_type``: ``'cls'`` (B, D), for classification; ``'tokens'``
    (B, N, D); ``'featmap'`` (B, D, t, h, w); or ``'all'``, `CodeFeatures`.  (VIMPAC
    appendix A.1.)

    As in the released code, CLS is a vector outside the vocabulary.  Every token attends to it,
    and an attention averages the outputs of CLS over the rows.

    Args:
        arch: 'small', 'small-wide', 'small-deep', 'base', 'large-half' (Tables 3 and 6), or a dict
            with the fields of `CodeArch`.
        layout: Attentions of a layer, see `parse_layout`: 'T,H|W', 'T,H,W', 'T,HxW' or 'TxHxW'.
        grid_size: Frames, rows and columns of codes in the position tables.
        num_codes: Number of codes of the tokenizer.
        pre_norm: Normalise before each attention and MLP and once at the end; otherwise after
            each and once at the start, as in the paper.
        drop_rate: Dropout after the embedding, each attention and each MLP.
        attn_drop_rate: Dropout of attention probabilities.
        with_cp: Activation checkpointing, layer by layer.
        interpolate: Accept clips with other grids by interpolating the positions of each axis.
        frozen: Disable gradients and dropout, for example under a linear probe.
    """

    patch_size = 8
    tubelet_size = 1

    def __init__(
        self,
        arch: str | dict[str, Any] = 'small',
        layout: str = 'T,H|W',
        grid_size: Sequence[int] = (5, 16, 16),
        num_codes: int = 8192,
        pre_norm: bool = False,
        drop_rate: float = 0.1,
        attn_drop_rate: float = 0.1,
        out_type: str = 'cls',
        with_cp: bool = False,
        interpolate: bool = False,
        frozen: bool = False,
        init_cfg: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(init_cfg=init_cfg)
        if out_type not in CODE_OUT_TYPES:
            raise ValueError(f'unknown out_type {out_type!r}; choose one of {CODE_OUT_TYPES}')
        time, height, width = grid_size
        self.grid_size: Grid = (time, height, width)
        self.arch, self.vocabulary = resolve_code_arch(arch), Vocabulary(num_codes)
        self.embed_dims, depth, num_heads, attn_ratio, mlp_ratio = self.arch
        self.out_type, self.interpolate, self.frozen = out_type, interpolate, frozen

        self.embedding = nn.Embedding(self.vocabulary.size, self.embed_dims)
        self.cls_embed = nn.Parameter(torch.empty(1, self.embed_dims))
        self.pos_embed = AxisPositions(self.grid_size, self.embed_dims)
        self.drop = nn.Dropout(drop_rate)
        norm = nn.LayerNorm(self.embed_dims, eps=CODE_NORM_EPS)
        self.ln_pre, self.ln_post = (nn.Identity(), norm) if pre_norm else (norm, nn.Identity())
        self.blocks = nn.ModuleList(
            AxisBlock(
                parse_layout(layout),
                self.embed_dims,
                num_heads,
                attn_dims=int(attn_ratio * self.embed_dims),
                hidden_dims=int(mlp_ratio * self.embed_dims),
                pre_norm=pre_norm,
                drop_rate=drop_rate,
                attn_drop_rate=attn_drop_rate,
                with_cp=with_cp,
            )
            for _ in range(depth)
        )
        self._initialise(pre_norm)
        if frozen:
            self.requires_grad_(False)

    def _initialise(self, pre_norm: bool) -> None:
        init_transformer(self, 'normal')
        nn.init.normal_(self.embedding.weight, std=0.02)
        nn.init.normal_(self.cls_embed, std=0.02)
        if pre_norm:  # so that the initial sum of all branches has the scale of one
            last = [
                layer
                for block in self.blocks
                for layer in (*(attn.proj for attn in block.attns), block.mlp.fc2)
            ]
            for layer in last:
                nn.init.normal_(layer.weight, std=0.02 / math.sqrt(len(last)))

    def train(self, mode: bool = True) -> 'FactorizedVideoTransformer':
        """Set training mode; a frozen encoder stays in evaluation mode."""
        super().train(mode and not self.frozen)
        return self

    def forward(self, codes: Tensor, padded: bool | None = None) -> Tensor | CodeFeatures:
        """Encode codes (B, t, h, w), which may include special ids of the `vocabulary`.

        Args:
            padded: Whether there may be PAD among them.  By default the codes are searched,
                which makes the CPU wait for an accelerator: pass it if the codes are on the
                CPU or no clip is short.

        Raises:
            ValueError: The grid is not that of the positions, and ``interpolate`` is off.
        """
        grid = self._grid_of(codes)
        pad = self._pad(codes, padded)
        tokens = self.embedding(codes) + self.pos_embed(grid)
        cls = (self.cls_embed + self.pos_embed.cls).expand(len(codes), 1, -1)
        x = self.drop(self.ln_pre(torch.cat([cls, tokens.flatten(1, 3)], dim=1)))
        for block in self.blocks:
            x = block(x, grid, pad)
        return self._output(self.ln_post(x), grid)

    def _pad(self, codes: Tensor, padded: bool | None) -> Tensor | None:
        """Where there is PAD; None if there is none, since attention is faster without a mask."""
        if padded is False or codes.is_meta:  # meta tensors have no values
            return None
        pad = codes == self.vocabulary.pad
        return pad if padded or pad.any() else None

    def _output(self, x: Tensor, grid: Grid) -> Tensor | CodeFeatures:
        if self.out_type == 'cls':
            return x[:, 0]
        cls, tokens = x.split([1, x.shape[1] - 1], dim=1)
        if self.out_type == 'all':
            return CodeFeatures(cls[:, 0], tokens)
        return tokens if self.out_type == 'tokens' else tokens.transpose(1, 2).unflatten(2, grid)

    def _grid_of(self, codes: Tensor) -> Grid:
        grid = tuple(codes.shape[1:])
        if grid != self.grid_size and not (self.interpolate and len(grid) == 3):
            raise ValueError(
                f'the clip has {_shown(grid)} codes, but the positions {_shown(self.grid_size)}: '
                'set grid_size of the backbone, or interpolate=True to stretch the positions'
            )
        return grid

    def get_layer_depth(self, param_name: str, prefix: str = '') -> tuple[int, int]:
        """Layer of a parameter for layer-wise learning-rate decay.

        Returns:
            (layer, layers): 0 for parts before the blocks, k + 1 for block k and the last
            layer, depth + 1, for the rest; ``layers`` is depth + 2.
        """
        layers = len(self.blocks) + 2
        name = param_name.removeprefix(prefix)
        if name.startswith(('embedding', 'cls_embed', 'pos_embed', 'ln_pre')):
            return 0, layers
        if name.startswith('blocks.'):
            return int(name.split('.')[1]) + 1, layers
        return layers - 1, layers


def _shown(grid: tuple[int, ...]) -> str:
    return 'x'.join(map(str, grid))
