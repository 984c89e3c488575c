"""TriDet's and DyFADet's layers over padded feature sequences: convolutions, not attention."""

import torch
from torch import Tensor, nn

from mmvideomae.models.layers.masked_conv import (
    LAYER_NORM_EPS,
    AffineDropPath,
    ChannelNorm,
    strided,
)


class SGPLayer(nn.Module):
    """Scalable granularity perception, then an MLP: (B, C, L), mask (B, 1, L) -> after the stride.

    With ``y`` the normalised input, the first part is ``fc(y) * relu(global_fc(mean(y))) +
    (convw(y) + convkw(y)) * psi(y) + y``, all depth-wise.  The mean is over all steps, padding
    too, as in the released weights, whose names parameters have.  (TriDet, 2303.07347.)

    Args:
        window: Kernel of ``psi`` and ``convw``, an odd number.
        ratio: The kernel of ``convkw`` is ``(window + 1) * ratio``, rounded, and made odd.
        hidden_channels: Of the MLP.
        conv_std: Standard deviation of the initial weights of the convolutions.
        norm_eps: Of both norms.

    Raises:
        ValueError: The window is even.
    """

    def __init__(
        self,
        channels: int,
        window: int = 1,
        stride: int = 1,
        ratio: float = 5.0,
        hidden_channels: int = 768,
        drop_path_rate: float = 0.0,
        conv_std: float = 0.0,
        num_groups: int = 16,
        norm_eps: float = LAYER_NORM_EPS,
    ) -> None:
        super().__init__()
        if window < 1 or window % 2 == 0:
            raise ValueError(f'window must be odd and positive, got {window}')
        wide = round((window + 1) * ratio)
        wide += wide % 2 == 0
        self.stride = stride
        self.ln = ChannelNorm(channels, norm_eps)
        self.gn = nn.GroupNorm(num_groups, channels, norm_eps)
        self.psi, self.convw = _depthwise(channels, window), _depthwise(channels, window)
        self.convkw = _depthwise(channels, wide)
        self.fc, self.global_fc = _depthwise(channels, 1), _depthwise(channels, 1)
        for conv in (self.psi, self.convw, self.convkw, self.fc, self.global_fc):
            nn.init.normal_(conv.weight, std=conv_std)
        self.downsample = nn.Identity()
        if stride > 1:
            self.downsample = nn.MaxPool1d(stride + 1, stride, padding=(stride + 1) // 2)
        self.mlp = nn.Sequential(
            nn.Conv1d(channels, hidden_channels, 1),
            nn.GELU(),
            nn.Conv1d(hidden_channels, channels, 1),
        )
        dropped = drop_path_rate > 0
        self.drop_path_out = AffineDropPath(channels, drop_path_rate) if dropped else nn.Identity()
        self.drop_path_mlp = AffineDropPath(channels, drop_path_rate) if dropped else nn.Identity()

    def forward(self, x: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        x, mask = self.downsample(x), strided(mask, self.stride)
        y = self.ln(x)
        whole = torch.relu(self.global_fc(y.mean(-1, keepdim=True)))
        y = self.fc(y) * whole + self._gate(self.convw(y) + self.convkw(y)) * self.psi(y) + y
        x = x * mask + self.drop_path_out(y)
        return x + self.drop_path_mlp(self.mlp(self.gn(x))), mask

    def _gate(self, y: Tensor) -> Tensor:
        return y


class DynELayer(SGPLayer):
    """`SGPLayer` with ``relu(convw(y) + convkw(y))``, as DyFADet's code has it (2407.03197)."""

    def _gate(self, y: Tensor) -> Tensor:
        return torch.relu(y)


def _depthwise(channels: int, kernel: int) -> nn.Conv1d:
    return nn.Conv1d(channels, channels, kernel, padding=kernel // 2, groups=channels)
