"""DyFADet's convolutions over padded feature sequences, whose weights depend on the input.

Parameters have the names and shapes of the released weights.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mmvideomae.models.layers.masked_conv import LAYER_NORM_EPS, ChannelNorm

TAU = 1.5


def rectified_tanh(x: Tensor, tau: float = TAU) -> Tensor:
    """DyFADet's GeReTanh: 0 up to x = 0, steepest at ``tau``, and 1 at infinity."""
    low = math.tanh(tau)
    return ((torch.tanh(x - tau) + low) / (1 + low)).clamp(min=0)


class Gate(nn.Module):
    """A convolution, then `rectified_tanh`.

    A gate that is closed at all steps does not learn any more, so large learning rates and no
    warm-up can close it for good.

    Args:
        num_gates: G; it is the number of groups of the convolution too.
    """

    def __init__(self, channels: int, num_gates: int, kernel_size: int, tau: float) -> None:
        super().__init__()
        self.tau = tau
        self.gate_conv = nn.Conv1d(
            channels, num_gates, kernel_size, padding=kernel_size // 2, groups=num_gates
        )

    def gates(self, x: Tensor) -> Tensor:
        """(B, C, L) -> (B, G, L) in [0, 1]."""
        return rectified_tanh(self.gate_conv(x), self.tau)


class ChannelGates(Gate):
    """Taps (B, C, k, L), mask -> weights (B, C, k, L): the taps times a gate of each channel.

    The taps are thus squared in `DynamicConv`, as in the released code.
    """

    def __init__(self, channels: int, kernel_size: int, tau: float, norm_eps: float) -> None:
        super().__init__(channels, channels, kernel_size, tau)

    def forward(self, taps: Tensor, mask: Tensor) -> Tensor:
        gates = self.gates(taps[:, :, taps.shape[2] // 2]) * mask
        return taps * gates[:, :, None]


class GatedWeights(nn.Module):
    """Taps (B, C, k, L), mask -> weights (B, C, 1, L): a convolution of all taps times one gate."""

    def __init__(self, channels: int, kernel_size: int, tau: float, norm_eps: float) -> None:
        super().__init__()
        width = channels * kernel_size
        self.convs = nn.Sequential(
            nn.Conv1d(width, channels, kernel_size, padding=kernel_size // 2),
            ChannelNorm(channels, norm_eps),
        )
        self.gate = Gate(width, 1, kernel_size, tau)

    def forward(self, taps: Tensor, mask: Tensor) -> Tensor:
        x = taps.flatten(1, 2)
        return (self.convs(x) * self.gate.gates(x) * mask)[:, :, None]


class DynamicConv(nn.Module):
    """A convolution whose taps are weighted at each step: (B, C, L), mask (B, 1, L) -> (B, D, L).

    The k taps of a channel, its values from ``k // 2`` steps before to as many after, are
    multiplied by weights, mixed over channels and taps, and normalised; padding becomes 0.
    (DyFADet, 2407.03197.)

    Args:
        weights: `ChannelGates` or `GatedWeights`.

    Raises:
        ValueError: The kernel is even.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        weights: type[ChannelGates] | type[GatedWeights],
        kernel_size: int = 3,
        tau: float = TAU,
        norm_eps: float = LAYER_NORM_EPS,
    ) -> None:
        super().__init__()
        if kernel_size < 1 or kernel_size % 2 == 0:
            raise ValueError(f'kernel_size must be odd and positive, got {kernel_size}')
        self.kernel_size = kernel_size
        self.conv = nn.Conv1d(in_channels * kernel_size, out_channels, 1)
        self.kernel_conv = weights(in_channels, kernel_size, tau, norm_eps)
        self.norm = ChannelNorm(out_channels, norm_eps)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        padded = F.pad(x, (self.kernel_size // 2,) * 2)
        taps = padded.unfold(2, self.kernel_size, 1).transpose(2, 3)
        weighted = taps * self.kernel_conv(taps, mask)
        return self.norm(self.conv(weighted.flatten(1, 2))) * mask


class LevelMixer(nn.Module):
    """Add to each level its two neighbours in the pyramid, then convolve it, all dynamically.

    Levels (B, C, L_l), masks (B, 1, L_l) -> (B, D, L_l) >= 0.  The neighbours start with the
    weight 0, so that at first each level is on its own.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int = 3,
        tau: float = TAU,
        norm_eps: float = LAYER_NORM_EPS,
    ) -> None:
        super().__init__()
        settings = (kernel_size, tau, norm_eps)
        self.depth_module = DynamicConv(in_channels, out_channels, GatedWeights, *settings)
        # Of the finer and of the coarser neighbour.
        self.dynamic_convs = nn.ModuleList(
            DynamicConv(in_channels, in_channels, ChannelGates, *settings) for _ in range(2)
        )
        self.scale_weight = nn.Parameter(torch.zeros(1))
        self.output_weight = nn.Parameter(torch.ones(1))

    def forward(self, feats: list[Tensor], masks: list[Tensor]) -> list[Tensor]:
        finer, coarser = self.dynamic_convs
        sums = [x * self.output_weight for x in feats]
        for level in range(1, len(feats)):
            down = finer(feats[level - 1], masks[level - 1])
            up = coarser(feats[level], masks[level])
            for place, source in ((level, down), (level - 1, up)):
                resized = F.interpolate(source, size=sums[place].shape[-1], mode='nearest')
                sums[place] = sums[place] + resized * self.scale_weight
        return [F.relu(self.depth_module(x, m)) for x, m in zip(sums, masks, strict=True)]
