"""Rotary positions of tokens on a space-time grid, as in V-JEPA 2."""

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from mmvideomae.ops.positions import Grid

_BASE = 10000.0


class Rotation(NamedTuple):
    """What `rotate` multiplies queries or keys with, each (B or 1, 1, N, d), float32."""

    own: Tensor
    """Factors of the channels."""
    partner: Tensor
    """Factors of the other channel of each pair."""

    def last(self, count: int) -> 'Rotation':
        """For the last ``count`` tokens."""
        return Rotation(self.own[:, :, -count:], self.partner[:, :, -count:])


def grid_rotation(ids: Tensor, grid: Grid, head_dims: int) -> Rotation:
    """The rotation of tokens ``ids`` (B or 1, N) of a grid, for heads of ``head_dims`` channels.

    A third of the channels, rounded down to an even number, belongs to each of time, height and
    width, in this order; the rest is not rotated.  Within a third of 2m channels, an angle is the
    position times 10000 ** (-i / m).  Positions are not scaled, so that larger grids extrapolate.

    The pairs are neighbours, (0, 1), (2, 3), ..., but the m rates are laid out twice one after
    the other, so the two channels of a pair have different angles.  This is not a rotation, but
    the released weights of V-JEPA 2 were trained with it.

    Raises:
        ValueError: Heads are too narrow or odd.
    """
    if head_dims < 6 or head_dims % 2:
        raise ValueError(f'rotary positions need an even head width of 6 or more, got {head_dims}')
    _, height, width = grid
    slots = torch.div(ids, height * width, rounding_mode='floor')
    rows = torch.div(ids, width, rounding_mode='floor') % height
    count = head_dims // 3 // 2
    rates = _BASE ** -(torch.arange(count, device=ids.device) / count)
    angles = torch.stack([slots, rows, ids % width], -1)[..., None] * rates
    angles = torch.cat([angles, angles], -1).flatten(2)
    angles = F.pad(angles, (0, head_dims - angles.shape[-1]))[:, None]
    signs = torch.tensor([-1.0, 1.0], device=ids.device).repeat(head_dims // 2)
    return Rotation(angles.cos(), angles.sin() * signs)


def rotate(x: Tensor, rotation: Rotation) -> Tensor:
    """Queries or keys (B, heads, N, d) -> the same, rotated in float32 or wider."""
    partners = x.unflatten(-1, (-1, 2)).flip(-1).flatten(-2)
    return (x * rotation.own + partners * rotation.partner).to(x.dtype)
