"""TriDet's regression: three branches find the start, the end and the centre of a segment."""

from typing import Any

from torch import Tensor

from mmvideomae.models.heads.action_former_head import ActionFormerClsHead, ActionFormerRegHead
from mmvideomae.models.layers.masked_conv import LAYER_NORM_EPS
from mmvideomae.ops.boundary_bins import expected_distances
from mmvideomae.registry import MODELS


@MODELS.register_module()
class TridentRegHead(ActionFormerRegHead):
    """Distances of each step to the start and end of a segment of each class.

    Levels (B, D, L_l), (B, 1, L_l) -> distances (B, L_l, K, 2) in strides of the level, at most
    ``num_bins``; see `expected_distances`.  Scores of starts and ends do not teach the layers
    before the head.  (TriDet, 2303.07347.)

    Args:
        num_classes: K, that of the class head.
        num_bins: Farthest distance, in strides.
        prior: Initial probability of a start or end, set through the bias: steps beyond the
            sequence, whose score is 0, are likely ends at first, as in the released code.
        norm_eps, clear_padding: See `ConvTower`.
    """

    def __init__(
        self,
        num_classes: int,
        in_channels: int = 512,
        hidden_channels: int = 512,
        num_hidden: int = 2,
        num_levels: int = 6,
        num_bins: int = 16,
        prior: float = 0.01,
        norm_eps: float = LAYER_NORM_EPS,
        clear_padding: bool = False,
        init_cfg: dict[str, Any] | None = None,
    ) -> None:
        sizes = (in_channels, hidden_channels, num_hidden)
        outputs = 2 * (num_bins + 1)
        super().__init__(*sizes, num_levels, norm_eps, clear_padding, outputs, init_cfg)
        self.num_classes = num_classes
        self.start, self.end = (
            ActionFormerClsHead(num_classes, *sizes, prior, norm_eps, clear_padding)
            for _ in range(2)
        )

    def forward(self, feats: list[Tensor], masks: list[Tensor]) -> list[Tensor]:
        apart = [x.detach() for x in feats]
        starts, ends = self.start(apart, masks), self.end(apart, masks)
        centres = [each.unflatten(2, (2, -1)) for each in super().forward(feats, masks)]
        return [expected_distances(*each) for each in zip(starts, ends, centres, strict=True)]
