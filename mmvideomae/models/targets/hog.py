"""Histograms of oriented gradients, the target of MaskFeat."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from mmvideomae.models.targets.target import Target
from mmvideomae.registry import TARGETS

BINS = 9
_FLAT = 1e-3  # Shorter histograms are divided by this instead of their length, to keep noise small.


@TARGETS.register_module()
class HOGTarget(Target):
    """Histograms of gradients in the middle frame of each token (row, column, channel, bin).

    Sobel gradients of every colour channel vote for one of nine orientations in half a turn,
    weighted by their magnitude and a Gaussian over two cells' side; the histogram of a cell has
    unit length unless the cell is flat.  A patch of 16 pixels has 2 x 2 x 3 x 9 = 108 values.
    (MaskFeat, section 3.2.)

    Args:
        cell: Side of a cell in pixels; it divides the side of a patch.
    """

    def __init__(
        self, tubelet_size: int, patch_size: int, cell: int = 8, in_channels: int = 3
    ) -> None:
        super().__init__(tubelet_size, patch_size)
        if patch_size % cell:
            raise ValueError(f'a patch of {patch_size} pixels does not divide into cells of {cell}')
        self.cell, self.in_channels = cell, in_channels
        self.dims = (patch_size // cell) ** 2 * in_channels * BINS

    def forward(
        self, clips: Tensor, token_ids: Tensor, to_unit_range: Callable[[Tensor], Tensor]
    ) -> Tensor:
        """See `Target.forward`."""
        middle = clips[:, :, self.tubelet_size // 2 :: self.tubelet_size].float()
        frames = to_unit_range(middle.permute(0, 2, 3, 4, 1)).permute(0, 1, 4, 2, 3)
        cells = histograms(frames.flatten(0, 1), self.cell)  # (B * t, rows, columns, C, 9)
        side = self.patch_size // self.cell
        patches = cells.unflatten(2, (-1, side)).unflatten(1, (-1, side)).transpose(2, 3)
        tokens = patches.flatten(3).reshape(len(clips), -1, self.dims)
        return tokens.gather(1, token_ids[..., None].expand(-1, -1, self.dims))

    def draw(
        self, values: Tensor, token_ids: Tensor, clip: np.ndarray, hidden: np.ndarray, how: str
    ) -> tuple[np.ndarray, str]:
        """Draw every orientation as a stroke along the edge whose brightness is its value.

        See `PixelTarget.draw`; the frames of a token share one drawing.
        """
        slots, rows, columns = self.grid(*clip.shape[:3])
        tokens = torch.zeros(slots * rows * columns, self.dims)
        tokens[token_ids] = values.clamp(0, 1)
        side = self.patch_size // self.cell
        cells = tokens.reshape(slots, rows, columns, side, side, self.in_channels, BINS)
        # Slot t, patch (h, w), cell (i, j), channel c, bin b; pixel (y, x) of the cell.
        pixels = torch.einsum('thwijcb,byx->thiywjxc', cells, _strokes(self.cell)).clamp(max=1)
        frames = pixels.reshape(slots, *clip.shape[1:]).repeat_interleave(self.tubelet_size, 0)
        return frames.numpy(), 'The model predicts orientations of gradients, drawn as strokes.'


def histograms(frames: Tensor, cell: int) -> Tensor:
    """Frames (n, C, H, W) -> histograms of unit length (n, H / cell, W / cell, C, 9)."""
    across = frames.new_tensor([[1, 0, -1], [2, 0, -2], [1, 0, -1]])
    kernels = torch.stack([across, across.T])[:, None]
    padded = F.pad(frames.flatten(0, 1)[:, None], (1, 1, 1, 1), mode='reflect')
    x, y = F.conv2d(padded, kernels).unbind(1)  # (n * C, H, W) each
    place = torch.atan2(x, y) / torch.pi * BINS
    bins = place.floor().long() % BINS
    weight = torch.hypot(x, y) * _window(cell, *frames.shape[2:]).to(frames)
    votes = weight.new_zeros(len(x), BINS, *frames.shape[2:])
    votes.scatter_(1, bins[:, None], weight[:, None])
    cells = F.normalize(F.avg_pool2d(votes, cell, divisor_override=1), dim=1, eps=_FLAT)
    return cells.unflatten(0, frames.shape[:2]).permute(0, 3, 4, 1, 2)


def _window(cell: int, height: int, width: int) -> Tensor:
    """Gaussians with deviation ``cell`` over squares of two cells' side, tiled: (H, W)."""
    distance = torch.arange(2 * cell) - cell + 0.5
    bell = torch.exp(-0.5 * (distance / cell) ** 2)
    bell = bell / bell.sum()
    down, across = (bell.repeat(side // cell)[:side] for side in (height, width))
    return down[:, None] * across


def _strokes(cell: int) -> Tensor:
    """For each bin, a stroke through the centre of a cell across its gradients: (9, y, x)."""
    angle = (torch.arange(BINS) + 0.5) * torch.pi / BINS  # from the vertical axis
    place = torch.arange(cell) - (cell - 1) / 2
    along = place[None, :, None] * angle.cos()[:, None, None]
    return ((along + place * angle.sin()[:, None, None]).abs() < 0.6).float()
