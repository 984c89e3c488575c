"""The loss of TriDet, whose distances depend on the class."""

from typing import Any

from torch import Tensor
from torchvision.ops import sigmoid_focal_loss

from mmvideomae.models.localizers.segment_loss import SegmentLoss
from mmvideomae.ops.segments import ctr_diou_loss_1d, distance_iou
from mmvideomae.registry import MODELS


@MODELS.register_module()
class TridentLoss(SegmentLoss):
    """`SegmentLoss` over pairs of a point and one of its classes.

    The focal loss of such a pair is multiplied by the IoU of its segments to a power, so that
    classes are learned most where segments are found.

    Args:
        iou_power: The power.
    """

    of_each_class = True

    def __init__(
        self,
        reg_weight: float = 1.0,
        label_smoothing: float = 0.0,
        init_normaliser: float = 100.0,
        momentum: float = 0.9,
        alpha: float = 0.25,
        gamma: float = 2.0,
        iou_power: float = 0.2,
        init_cfg: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(
            reg_weight, label_smoothing, init_normaliser, momentum, alpha, gamma, init_cfg
        )
        self.iou_power = iou_power

    def forward(
        self, logits: Tensor, pred: Tensor, classes: Tensor, distances: Tensor, valid: Tensor
    ) -> dict[str, Tensor]:
        """As in `SegmentLoss`, except for ``pred`` (B, P, K, 2)."""
        pairs = (classes > 0) & valid[..., None]
        normaliser = self._move_on(pairs.any(-1))
        smooth = self.label_smoothing
        target = classes * (1 - smooth) + smooth / (classes.shape[-1] + 1)
        focal = sigmoid_focal_loss(logits.float(), target, self.alpha, self.gamma)
        found, truth = pred[pairs].float(), distances[:, :, None].expand_as(pred)[pairs]
        factors = focal.new_ones(focal.shape)
        # The slope of a root is infinite at 0.
        factors[pairs] = distance_iou(found, truth).clamp(min=1e-8) ** self.iou_power
        loss_cls = (focal * factors)[valid].sum() / normaliser
        return self._weighted(loss_cls, ctr_diou_loss_1d(found, truth).sum() / normaliser)
