"""Layers of VIMPAC: attention along the axes of a grid of codes (its appendix A.1)."""

from typing import TypeAlias

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from mmvideomae.models.layers.transformer import Mlp
from mmvideomae.ops.axis_attention import attend_along
from mmvideomae.ops.positions import Grid

AXES = {'T': 0, 'H': 1, 'W': 2}
CODE_NORM_EPS = 1e-12
AxisLayout: TypeAlias = tuple[tuple[tuple[int, ...], ...], ...]


def parse_layout(layout: str) -> AxisLayout:
    """The successive attentions of a layer, each a group of parallel ones along some axes.

    ``'T,H|W'`` -> (((0,),), ((1,), (2,))): along time, then along height and width in parallel,
    each with half of the heads.  ``'T,HxW'`` -> (((0,),), ((1, 2),)): along time, then within a
    frame.

    Raises:
        ValueError: It names anything other than T, H and W, or an axis twice in a product.
    """
    parsed = tuple(tuple(map(_axes, attention.split('|'))) for attention in layout.split(','))
    for axes in (axes for attention in parsed for axes in attention):
        if list(axes) != sorted(set(axes)) or -1 in axes:
            raise ValueError(
                f"unknown layout {layout!r}; write the axes T, H and W in this order, with 'x' "
                "between joint axes, '|' between parallel attentions and ',' between successive "
                "ones, as in 'T,H|W' or 'T,HxW'"
            )
    return parsed


def _axes(product: str) -> tuple[int, ...]:
    return tuple(AXES.get(name, -1) for name in product.split('x'))


class AxisAttention(nn.Module):
    """Parallel attentions, each along its axes and with its share of the heads.

    Tokens (B, 1 + N, D), CLS first -> (B, 1 + N, D).

    Args:
        parts: Axes of each attention, see `parse_layout`.
        attn_dims: Width of the queries, keys and values of all attentions together.
        drop_rate: Dropout after the output layer.
        attn_drop_rate: Dropout of attention probabilities.
    """

    def __init__(
        self,
        parts: tuple[tuple[int, ...], ...],
        embed_dims: int,
        num_heads: int,
        attn_dims: int,
        drop_rate: float = 0.0,
        attn_drop_rate: float = 0.0,
    ) -> None:
        super().__init__()
        if num_heads % len(parts) or attn_dims % num_heads:
            raise ValueError(
                f'a width of {attn_dims} does not divide into {num_heads} heads, or the heads '
                f'into {len(parts)} parallel attentions'
            )
        self.parts, self.num_heads, self.attn_drop_rate = parts, num_heads, attn_drop_rate
        width = 3 * attn_dims // len(parts)
        self.qkv = nn.ModuleList(nn.Linear(embed_dims, width) for _ in parts)
        self.proj = nn.Linear(attn_dims, embed_dims)
        self.proj_drop = nn.Dropout(drop_rate)

    def forward(self, x: Tensor, grid: Grid, pad: Tensor | None = None) -> Tensor:
        """Attend; ``pad`` (B, t, h, w) is True at keys to ignore."""
        heads = self.num_heads // len(self.parts)
        drop = self.attn_drop_rate if self.training else 0.0
        found = [
            attend_along(qkv(x), grid, axes, heads, drop, pad)
            for qkv, axes in zip(self.qkv, self.parts, strict=True)
        ]
        return self.proj_drop(self.proj(torch.cat(found, -1) if len(found) > 1 else found[0]))


class AxisBlock(nn.Module):
    """The attentions of a layout and an MLP, each with a skip connection; see `AxisAttention`.

    Args:
        hidden_dims: Hidden width of the MLP.
        pre_norm: Normalise the input of an attention or the MLP; otherwise the sum of its
            output and the skip, as in BERT.
        with_cp: Recompute activations in the backward pass instead of storing them.
    """

    def __init__(
        self,
        layout: AxisLayout,
        embed_dims: int,
        num_heads: int,
        attn_dims: int,
        hidden_dims: int,
        pre_norm: bool = False,
        drop_rate: float = 0.0,
        attn_drop_rate: float = 0.0,
        with_cp: bool = False,
    ) -> None:
        super().__init__()
        self.pre_norm, self.with_cp = pre_norm, with_cp
        rates = (drop_rate, attn_drop_rate)
        self.attns = nn.ModuleList(
            AxisAttention(parts, embed_dims, num_heads, attn_dims, *rates) for parts in layout
        )
        self.attn_norms = nn.ModuleList(nn.LayerNorm(embed_dims, eps=CODE_NORM_EPS) for _ in layout)
        self.mlp = Mlp(embed_dims, hidden_dims, drop_rate)
        self.mlp_norm = nn.LayerNorm(embed_dims, eps=CODE_NORM_EPS)

    def forward(self, x: Tensor, grid: Grid, pad: Tensor | None = None) -> Tensor:
        if self.with_cp and torch.is_grad_enabled():
            return checkpoint(self._forward, x, grid, pad, use_reentrant=False)
        return self._forward(x, grid, pad)

    def _forward(self, x: Tensor, grid: Grid, pad: Tensor | None) -> Tensor:
        for attn, norm in zip(self.attns, self.attn_norms, strict=True):
            x = x + attn(norm(x), grid, pad) if self.pre_norm else norm(x + attn(x, grid, pad))
        if self.pre_norm:
            return x + self.mlp(self.mlp_norm(x))
        return self.mlp_norm(x + self.mlp(x))
