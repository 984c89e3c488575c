"""Attention along some axes of a space-time grid, with a CLS token in every row (VIMPAC).

A row consists of all tokens that differ only along these axes, in order: along W it is a line of
one frame, along H and W a whole frame.  CLS precedes each row as one more query and key, and the
outputs of its queries are averaged over the rows.  All rows are folded into the batch of one fused
attention, so its cost is linear in the remaining axes.
"""

import torch
from torch import Tensor
from torch.nn import functional as F

from mmvideomae.ops.positions import Grid

# CUDA's fused kernels start a block per row, in a grid dimension with this limit (pytorch#142228).
MAX_ROWS = 65535


def attend_along(
    qkv: Tensor,
    grid: Grid,
    axes: tuple[int, ...],
    num_heads: int,
    dropout: float = 0.0,
    pad: Tensor | None = None,
) -> Tensor:
    """Attention of each token to CLS and to its row, (B, 1 + N, 3 * C) -> (B, 1 + N, C).

    Args:
        qkv: Queries, keys and values side by side, CLS first.
        grid: (t, h, w) with N = t * h * w.
        axes: Axes of the grid, ascending: (0,) along time, (1, 2) within a frame, (0, 1, 2)
            jointly.
        dropout: Dropout of attention probabilities.
        pad: (B, t, h, w) bool, True where a key is ignored; None if nothing is padded, which
            allows faster kernels.  CLS is a key in every row, so no row is empty (NaN).
    """
    rows = to_rows(qkv, grid, axes)
    query, key, value = rows.unflatten(2, (3, num_heads, -1)).permute(2, 0, 3, 1, 4).unbind(0)
    seen = None
    if pad is not None:
        hidden = F.pad(pad.flatten(1), (1, 0))[..., None]
        seen = ~to_rows(hidden, grid, axes)[:, None, None, :, 0]
    out = _fused(query, key, value, seen, dropout)
    return from_rows(out.transpose(1, 2).flatten(2), grid, axes)


def to_rows(x: Tensor, grid: Grid, axes: tuple[int, ...]) -> Tensor:
    """Arrange tokens in rows, each preceded by CLS: (B, 1 + N, C) -> (B * rows, 1 + length, C)."""
    if len(axes) == len(grid):
        return x
    others = _others(axes)
    cls, tokens = x.split([1, x.shape[1] - 1], dim=1)
    order = [1 + axis for axis in (*others, *axes)]
    rows = tokens.unflatten(1, grid).permute(0, *order, 4).flatten(1 + len(others), 3)
    repeated = cls.unflatten(1, [1] * (len(others) + 1)).expand(*rows.shape[:-2], 1, -1)
    return torch.cat([repeated, rows], dim=-2).flatten(0, -3)


def from_rows(rows: Tensor, grid: Grid, axes: tuple[int, ...]) -> Tensor:
    """Invert `to_rows`, averaging CLS: (B * rows, 1 + length, C) -> (B, 1 + N, C)."""
    if len(axes) == len(grid):
        return rows
    others = _others(axes)
    split = rows.unflatten(0, [-1, *(grid[axis] for axis in others)])
    cls, tokens = split.split([1, rows.shape[1] - 1], dim=-2)
    tokens = tokens.unflatten(-2, [grid[axis] for axis in axes])
    order = (*others, *axes)
    tokens = tokens.permute(0, *(1 + order.index(axis) for axis in range(len(grid))), 4)
    return torch.cat([cls.flatten(1, -2).mean(1, keepdim=True), tokens.flatten(1, 3)], dim=1)


def _others(axes: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(axis for axis in range(3) if axis not in axes)


def _fused(
    query: Tensor, key: Tensor, value: Tensor, seen: Tensor | None, dropout: float
) -> Tensor:
    """`scaled_dot_product_attention` for any number of rows."""
    if len(query) <= MAX_ROWS:
        return F.scaled_dot_product_attention(query, key, value, seen, dropout)
    parts = [part.split(MAX_ROWS) for part in (query, key, value)]
    masks = seen.split(MAX_ROWS) if seen is not None else [None] * len(parts[0])
    return torch.cat(
        [
            F.scaled_dot_product_attention(*part, mask, dropout)
            for *part, mask in zip(*parts, masks, strict=True)
        ]
    )
