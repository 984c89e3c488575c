"""Layers over padded feature sequences (B, C, L).

A mask (B, 1, L) is True where a step is real.  Convolutions set padding to 0, and norms set it to
their bias, which the next convolution sees, as the released weights of ActionFormer expect.
Parameters have the names and shapes of those weights.
"""

import torch
from mmcv.cnn.bricks.drop import drop_path
from torch import Tensor, nn

LAYER_NORM_EPS = 1e-5


class MaskedConv1d(nn.Module):
    """A convolution that sets padding to 0: (B, C, L), (B, 1, L) -> (B, D, L / stride), mask.

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
        raise ValueError(f'{mask.shape[-1]} steps are not divisible by a stride of {stride}')
    return mask[..., ::stride]


class ChannelNorm(nn.Module):
    """Layer norm over channels at each step, (B, C, L) -> (B, C, L)."""

    def __init__(self, channels: int, eps: float = LAYER_NORM_EPS) -> None:
        super().__init__()
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(1, channels, 1))
        self.bias = nn.Parameter(torch.zeros(1, channels, 1))

    def forward(self, x: Tensor) -> Tensor:
        weight, bias = self.weight.flatten(), self.bias.flatten()
        norm = nn.functional.layer_norm(x.transpose(1, 2), weight.shape, weight, bias, self.eps)
        return norm.transpose(1, 2)


class AffineDropPath(nn.Module):
    """Scale channels, and drop whole samples in training; (B, C, L) -> (B, C, L).

    The scale starts at 1e-4, so that at first the skips dominate in a deep stack.
    """

    def __init__(self, channels: int, rate: float = 0.0, init_value: float = 1e-4) -> None:
        super().__init__()
        self.rate = rate
        self.scale = nn.Parameter(torch.full((1, channels, 1), init_value))

    def forward(self, x: Tensor) -> Tensor:
        return drop_path(x * self.scale, self.rate, self.training)


class LearnedScale(nn.Module):
    """Multiply by a learned number that starts at 1."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.tensor(1.0))

    def forward(self, x: Tensor) -> Tensor:
        return x * self.scale


def clear_biases(module: nn.Module) -> None:
    """Set the biases of all convolutions in ``module`` to 0, as in ActionFormer."""
    for part in module.modules():
        if isinstance(part, nn.Conv1d) and part.bias is not None:
            nn.init.zeros_(part.bias)
