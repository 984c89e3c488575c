"""TriDet's and DyFADet's encoders: ActionFormer's with layers of convolutions as blocks."""

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from mmvideomae.models.backbones.temporal_pyramid import TemporalPyramid
from mmvideomae.models.layers.masked_conv import LAYER_NORM_EPS, clear_biases
from mmvideomae.models.layers.sgp import DynELayer, SGPLayer
from mmvideomae.registry import MODELS


@MODELS.register_module()
class TriDetBackbone(TemporalPyramid):
    """Convolutions and SGP layers, the later ones strided.

    Features (B, in_channels, L), masks (B, 1, L) True at real steps -> for level
    ``l = 0 .. num_levels - 1`` features (B, D, L / 2 ** l) and masks.  (TriDet, 2303.07347.)

    Args:
        in_channels: Width of the features.
        embed_dims: Width D.
        windows: Kernels of the strided layers, one for each; those at full length have 1.
        ratio, hidden_channels, conv_std: See `SGPLayer`.
        drop_path_rate: Share of samples that skip a branch of a strided layer; the layers at
            full length have neither this nor its scale.
        input_noise: Standard deviation of noise that is added to the features in training.
        layer_norm_eps: Of the norms in the layers; 1e-6 in OpenTAD's DyFADet, not in its TriDet.
        arch, max_seq_len, use_abs_pe, norm_eps, clear_padding: See `TemporalPyramid`.

    Raises:
        ValueError: The number of windows differs from that of strided layers.
    """

    layer_type: type[SGPLayer] = SGPLayer

    def __init__(
        self,
        in_channels: int,
        embed_dims: int = 512,
        arch: tuple[int, int, int] = (2, 2, 5),
        windows: Sequence[int] = (1, 1, 1, 1, 1),
        ratio: float = 5.0,
        hidden_channels: int = 768,
        conv_std: float = 0.0,
        max_seq_len: int = 2304,
        use_abs_pe: bool = False,
        input_noise: float = 0.0,
        drop_path_rate: float = 0.1,
        norm_eps: float = LAYER_NORM_EPS,
        clear_padding: bool = False,
        layer_norm_eps: float = LAYER_NORM_EPS,
        init_cfg: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(
            in_channels,
            embed_dims,
            arch,
            max_seq_len,
            use_abs_pe,
            norm_eps,
            clear_padding,
            init_cfg,
        )
        if len(windows) != arch[2]:
            raise ValueError(f'{arch[2]} strided layers need as many windows, got {windows}')
        self.windows, self.input_noise = tuple(windows), input_noise

        def layer(window: int, stride: int, rate: float) -> SGPLayer:
            sizes = (embed_dims, window, stride, ratio, hidden_channels)
            return self.layer_type(*sizes, rate, conv_std, norm_eps=layer_norm_eps)

        self.stem = nn.ModuleList(layer(1, 1, 0.0) for _ in range(arch[1]))
        self.branch = nn.ModuleList(layer(window, 2, drop_path_rate) for window in self.windows)
        clear_biases(self)

    @property
    def length_divisor(self) -> int:
        """The number of which lengths must be multiples: each stride times its window."""
        pairs = zip(self.strides, (1, *self.windows), strict=True)
        return math.lcm(*(stride * window for stride, window in pairs))

    def forward(self, x: Tensor, mask: Tensor) -> tuple[list[Tensor], list[Tensor]]:
        if self.training and self.input_noise:
            x = x + torch.randn_like(x) * self.input_noise
        return super().forward(x, mask)


@MODELS.register_module()
class DyFADetBackbone(TriDetBackbone):
    """`TriDetBackbone` with `DynELayer` (DyFADet, 2407.03197)."""

    layer_type = DynELayer
