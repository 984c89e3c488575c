"""ActionFormer's heads, shared by all levels of a pyramid (its section 3.3)."""

import math
from typing import Any

from mmengine.model import BaseModule
from torch import Tensor, nn
from torch.nn import functional as F

from mmvideomae.models.layers.masked_conv import (
    LAYER_NORM_EPS,
    ChannelNorm,
    LearnedScale,
    MaskedConv1d,
    clear_biases,
)
from mmvideomae.registry import MODELS


class ConvTower(BaseModule):
    """Hidden convolutions, each followed by a norm and a ReLU.

    Args:
        norm_eps: Of the norms; 1e-6 in OpenTAD.
        clear_padding: Set padding to 0 again after each ReLU, as OpenTAD does.
    """

    def __init__(
        self,
        in_channels: int,
        hidden_channels: int,
        num_hidden: int,
        norm_eps: float,
        clear_padding: bool,
        init_cfg: dict | None,
    ) -> None:
        super().__init__(init_cfg=init_cfg)
        self.in_channels, self.clear_padding = in_channels, clear_padding
        widths = [in_channels] + [hidden_channels] * num_hidden
        self.head = nn.ModuleList(
            MaskedConv1d(width, hidden_channels, bias=False) for width in widths[:num_hidden]
        )
        self.norm = nn.ModuleList(ChannelNorm(hidden_channels, norm_eps) for _ in range(num_hidden))

    def tower(self, feats: list[Tensor], masks: list[Tensor]) -> list[Tensor]:
        """Levels (B, D, L_l), masks (B, 1, L_l) -> (B, hidden_channels, L_l)."""
        return [self._hidden(x, mask) for x, mask in zip(feats, masks, strict=True)]

    def _hidden(self, x: Tensor, mask: Tensor) -> Tensor:
        for conv, norm in zip(self.head, self.norm, strict=True):
            x = F.relu(norm(conv(x, mask)[0]))
            x = x * mask if self.clear_padding else x
        return x


@MODELS.register_module()
class ActionFormerClsHead(ConvTower):
    """Class scores of each step: levels (B, D, L_l), (B, 1, L_l) -> logits (B, L_l, K).

    Args:
        num_classes: K; 1 for a head that only separates actions from background.
        prior: Initial probability of all classes, set through the bias.
        norm_eps, clear_padding: See `ConvTower`.
    """

    def __init__(
        self,
        num_classes: int,
        in_channels: int = 512,
        hidden_channels: int = 512,
        num_hidden: int = 2,
        prior: float = 0.01,
        norm_eps: float = LAYER_NORM_EPS,
        clear_padding: bool = False,
        init_cfg: dict[str, Any] | None = None,
    ) -> None:
        sizes = (in_channels, hidden_channels, num_hidden)
        super().__init__(*sizes, norm_eps, clear_padding, init_cfg)
        self.num_classes = num_classes
        self.cls_head = MaskedConv1d(hidden_channels, num_classes)
        clear_biases(self)
        if self.cls_head.conv.bias is not None and prior > 0:
            nn.init.constant_(self.cls_head.conv.bias, -math.log((1 - prior) / prior))

    def forward(self, feats: list[Tensor], masks: list[Tensor]) -> list[Tensor]:
        return [
            self.cls_head(x, mask)[0].transpose(1, 2)
            for x, mask in zip(self.tower(feats, masks), masks, strict=True)
        ]


@MODELS.register_module()
class ActionFormerRegHead(ConvTower):
    """Distances of each step to the start and end of its segment.

    Levels (B, D, L_l), (B, 1, L_l) -> distances (B, L_l, 2) >= 0 in strides of the level.  Each
    level has a learned scale.

    Args:
        norm_eps, clear_padding: See `ConvTower`.
        num_outputs: Numbers of a step, of which a subclass makes the two distances.
    """

    def __init__(
        self,
        in_channels: int = 512,
        hidden_channels: int = 512,
        num_hidden: int = 2,
        num_levels: int = 6,
        norm_eps: float = LAYER_NORM_EPS,
        clear_padding: bool = False,
        num_outputs: int = 2,
        init_cfg: dict[str, Any] | None = None,
    ) -> None:
        sizes = (in_channels, hidden_channels, num_hidden)
        super().__init__(*sizes, norm_eps, clear_padding, init_cfg)
        self.num_levels = num_levels
        self.scale = nn.ModuleList(LearnedScale() for _ in range(num_levels))
        self.offset_head = MaskedConv1d(hidden_channels, num_outputs)
        clear_biases(self)

    def forward(self, feats: list[Tensor], masks: list[Tensor]) -> list[Tensor]:
        return [
            F.relu(scale(self.offset_head(x, mask)[0])).transpose(1, 2)
            for scale, x, mask in zip(self.scale, self.tower(feats, masks), masks, strict=True)
        ]
