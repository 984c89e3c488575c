"""Necks between the levels of a temporal pyramid and the shared heads."""

from typing import Any

from mmengine.model import BaseModule
from torch import Tensor, nn
from torch.nn import functional as F

from mmvideomae.models.layers.masked_conv import (
    LAYER_NORM_EPS,
    ChannelNorm,
    MaskedConv1d,
    clear_biases,
)
from mmvideomae.registry import MODELS


@MODELS.register_module()
class IdentityFPN(BaseModule):
    """Only a norm for each level (ActionFormer's choice).

    Features (B, D, L / 2 ** l) and masks (B, 1, L / 2 ** l) of each level -> the same shapes.

    Args:
        norm_eps: Of the norms; 1e-6 in OpenTAD.
    """

    def __init__(
        self,
        in_channels: int = 512,
        num_levels: int = 6,
        norm_eps: float = LAYER_NORM_EPS,
        init_cfg: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(init_cfg=init_cfg)
        self.in_channels = self.out_channels = in_channels
        self.num_levels = num_levels
        norms = (ChannelNorm(in_channels, norm_eps) for _ in range(num_levels))
        self.fpn_norms = nn.ModuleList(norms)

    def forward(self, feats: list[Tensor], masks: list[Tensor]) -> list[Tensor]:
        return [norm(x) for norm, x, _ in zip(self.fpn_norms, feats, masks, strict=True)]


@MODELS.register_module()
class SegmentFPN(BaseModule):
    """Add coarse levels to fine ones from the top down, then apply a convolution and a norm.

    Features (B, in_channels, L / 2 ** l) and masks (B, 1, L / 2 ** l) of each level ->
    (B, out_channels, L / 2 ** l).  (ActionFormer section 4.4, after FPN.)
    """

    def __init__(
        self,
        in_channels: int = 512,
        out_channels: int = 512,
        num_levels: int = 6,
        init_cfg: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(init_cfg=init_cfg)
        self.in_channels, self.out_channels = in_channels, out_channels
        self.num_levels = num_levels
        levels, width = range(num_levels), out_channels
        self.lateral_convs = nn.ModuleList(
            MaskedConv1d(in_channels, width, 1, bias=False) for _ in levels
        )
        self.fpn_convs = nn.ModuleList(
            MaskedConv1d(width, width, 3, groups=width, bias=False) for _ in levels
        )
        self.fpn_norms = nn.ModuleList(ChannelNorm(width) for _ in levels)
        clear_biases(self)

    def forward(self, feats: list[Tensor], masks: list[Tensor]) -> list[Tensor]:
        laterals = [
            conv(x, mask)[0] for conv, x, mask in zip(self.lateral_convs, feats, masks, strict=True)
        ]
        for level in range(len(laterals) - 1, 0, -1):
            below = laterals[level - 1]
            coarse = F.interpolate(laterals[level], size=below.shape[-1], mode='nearest')
            laterals[level - 1] = below + coarse * masks[level - 1]
        parts = zip(self.fpn_convs, self.fpn_norms, laterals, masks, strict=True)
        return [norm(conv(x, mask)[0]) for conv, norm, x, mask in parts]
