"""Layers over padded feature sequences (B, C, L).

A mask (B, 1, L) is True where a step is real.  Convolutions clear padding and norms put their bias
there, where the next convolution sees it, as the released weights of ActionFormer expect.
Parameters are named and shaped as in those weights.
"""

import torch
from mmcv.cnn.bricks.drop import drop_path
from torch import Tensor, nn

LAYER_NORM_EPS = 1e-5


class MaskedConv1d(nn.Module):
    """A convolution that clears padding: (B, C, L), (B, 1, L) -> (B, D, L / stride) and its mask.

    Args:
        groups: ``in_channels`` for a depth-wise convolution.

    Raises:
        ValueError: The stride does not divide L.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int = 3,
        stride: int = 1,
        groups: int = 1,
        bias: bool = True,
    ) -> None:
        super().__init__()
        self.stride = stride
        self.conv = nn.Conv1d(
            in_channels,
            out_channels,
            kernel_size,
            stride,
            padding=kernel_size // 2,
            groups=groups,
            bias=bias,
        )

    def forward(self, x: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        mask = strided(mask, self.stride)
        return self.conv(x) * mask, mask


def strided(mask: Tensor, stride: int) -> Tensor:
    """The mask of every ``stride``-th step, (B, 1, L) -> (B, 1, L / stride)."""
    if mask.shape[-1] % stride:
        raise ValueError(f'{mask.shape[-1]} steps do not divide by a stride of {stride}')
    return mask[..., ::stride]


class ChannelNorm(nn.Module):
    """Layer norm over channels at each step, (B, C, L) -> (B, C, L)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(1, channels, 1))
        self.bias = nn.Parameter(torch.zeros(1, channels, 1))

    def forward(self, x: Tensor) -> Tensor:
        weight, bias = self.weight.flatten(), self.bias.flatten()
        norm = nn.functional.layer_norm(
            x.transpose(1, 2), weight.shape, weight, bias, LAYER_NORM_EPS
        )
        return norm.transpose(1, 2)


class AffineDropPath(nn.Module):
    """Scale channels, and leave whole samples out in training; (B, C, L) -> (B, C, L).

    The scale starts at 1e-4, so that a deep stack starts as its skips.
    """

    def __init__(self, channels: int, rate: float = 0.0, init_value: float = 1e-4) -> None:
        super().__init__()
        self.rate = rate
        self.scale = nn.Parameter(torch.full((1, channels, 1), init_value))

    def forward(self, x: Tensor) -> Tensor:
        return drop_path(x * self.scale, self.rate, self.training)


class LearnedScale(nn.Module):
    """Multiply by a learned number, 1 at first."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.tensor(1.0))

    def forward(self, x: Tensor) -> Tensor:
        return x * self.scale


def clear_biases(module: nn.Module) -> None:
    """Start the biases of all convolutions below ``module`` at 0, as ActionFormer does."""
    for part in module.modules():
        if isinstance(part, nn.Conv1d) and part.bias is not None:
            nn.init.zeros_(part.bias)
