"""DyFADet's heads: those of ActionFormer on layers that mix neighbouring levels of the pyramid."""

from typing import Any

from torch import Tensor, nn

from mmvideomae.models.heads.action_former_head import ActionFormerClsHead, ActionFormerRegHead
from mmvideomae.models.layers.dynamic_conv import TAU, LevelMixer
from mmvideomae.models.layers.masked_conv import LAYER_NORM_EPS
from mmvideomae.registry import MODELS


class _DynamicTower:
    """The hidden layers of both heads, which take the place of ActionFormer's convolutions."""

    head: nn.ModuleList

    def tower(self, feats: list[Tensor], masks: list[Tensor]) -> list[Tensor]:
        for mixer in self.head:
            feats = mixer(feats, masks)
        return feats


def _mixers(
    in_channels: int, hidden_channels: int, num_hidden: int, tau: float, norm_eps: float
) -> nn.ModuleList:
    widths = [in_channels] + [hidden_channels] * num_hidden
    return nn.ModuleList(
        LevelMixer(width, hidden_channels, tau=tau, norm_eps=norm_eps)
        for width in widths[:num_hidden]
    )


@MODELS.register_module()
class DyFADetClsHead(_DynamicTower, ActionFormerClsHead):
    """Class scores of each step: levels (B, D, L_l), (B, 1, L_l) -> logits (B, L_l, K).

    (DyFADet, 2407.03197.)

    Args:
        num_hidden: Number of `LevelMixer`.
        tau: Of its gates, see `rectified_tanh`.
        norm_eps: Of its norms; 1e-6 in OpenTAD.
        num_classes, prior: See `ActionFormerClsHead`.
    """

    def __init__(
        self,
        num_classes: int,
        in_channels: int = 512,
        hidden_channels: int = 512,
        num_hidden: int = 2,
        prior: float = 0.01,
        tau: float = TAU,
        norm_eps: float = LAYER_NORM_EPS,
        init_cfg: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(num_classes, in_channels, hidden_channels, 0, prior, init_cfg=init_cfg)
        self.head = _mixers(in_channels, hidden_channels, num_hidden, tau, norm_eps)


@MODELS.register_module()
class DyFADetRegHead(_DynamicTower, ActionFormerRegHead):
    """Distances of each step to the start and end of its segment, as in `ActionFormerRegHead`.

    Args:
        num_hidden, tau, norm_eps: See `DyFADetClsHead`.
    """

    def __init__(
        self,
        in_channels: int = 512,
        hidden_channels: int = 512,
        num_hidden: int = 2,
        num_levels: int = 6,
        tau: float = TAU,
        norm_eps: float = LAYER_NORM_EPS,
        init_cfg: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(in_channels, hidden_channels, 0, num_levels, init_cfg=init_cfg)
        self.head = _mixers(in_channels, hidden_channels, num_hidden, tau, norm_eps)
