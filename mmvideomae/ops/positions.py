"""Position tables: VideoMAE's fixed sinusoid, and tables resized to other grids."""

from functools import lru_cache

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

Grid = tuple[int, int, int]


@lru_cache(maxsize=8)
def sinusoid_table(count: int, dim: int) -> Tensor:
    """The (count, dim) float32 sinusoid over the flattened token index.

    Angle(n, j) = n / 10000 ** (2 * floor(j / 2) / dim), sine at even and cosine
    at odd j, computed in float64 (VideoMAE V1 section 3, V2 section 3).  Callers
    share the result: do not change it.
    """
    column = np.arange(dim)
    angle = np.arange(count)[:, None] / np.power(10000.0, 2 * (column // 2) / dim)
    angle[:, 0::2] = np.sin(angle[:, 0::2])
    angle[:, 1::2] = np.cos(angle[:, 1::2])
    return torch.from_numpy(angle.astype(np.float32))


def sinusoid_grid(grid: Grid, base: Grid, dim: int) -> Tensor:
    """The (t * h * w, dim) table of ``grid`` for a model built on ``base``.

    Another number of slots lengthens or shortens the sinusoid; another height
    or width is interpolated bicubically within each slot of the base grid.
    """
    table = sinusoid_table(grid[0] * base[1] * base[2], dim)
    return resize_table(table, (grid[0], base[1], base[2]), grid)


def resize_table(table: Tensor, base: Grid, grid: Grid) -> Tensor:
    """(t0 * h0 * w0, D) -> (t * h * w, D): bicubic in space, then linear in time."""
    if grid == base:
        return table
    slots = table.reshape(*base, -1).permute(0, 3, 1, 2)
    if grid[1:] != base[1:]:
        slots = F.interpolate(slots.float(), size=grid[1:], mode='bicubic', align_corners=False)
    series = slots.permute(2, 3, 1, 0)
    if grid[0] != base[0]:
        flat = series.flatten(0, 1).float()
        flat = F.interpolate(flat, size=grid[0], mode='linear', align_corners=False)
        series = flat.unflatten(0, grid[1:])
    return series.permute(3, 0, 1, 2).reshape(-1, table.shape[-1]).to(table.dtype)


def resize_axis(table: Tensor, size: int) -> Tensor:
    """(n, D) -> (size, D): linear between the centres of cells, constant beyond the outermost.

    VIMPAC does this with the positions of an axis for longer clips or larger frames, and with
    the moments of its optimizer.
    """
    if len(table) == size:
        return table
    series = table.T[None].float()
    resized = F.interpolate(series, size=size, mode='linear', align_corners=False)
    return resized[0].T.to(table.dtype)
