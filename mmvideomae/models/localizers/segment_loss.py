"""The loss of ActionFormer, with the normaliser in the model's state."""

from typing import Any, ClassVar

import torch
from mmengine.dist import all_reduce
from mmengine.model import BaseModule
from torch import Tensor
from torchvision.ops import sigmoid_focal_loss

from mmvideomae.ops.segments import ctr_diou_loss_1d
from mmvideomae.registry import MODELS


@MODELS.register_module()
class SegmentLoss(BaseModule):
    """Focal loss of classes and centre-DIoU loss of segments (ActionFormer section 3.3).

    Both are sums over points, divided by a running mean of the number of points with a class.
    ActionFormer does not save that mean in its checkpoints; here it is a buffer, so a resumed
    run continues with it, and it is averaged over all processes, so they use the same divisor.

    Args:
        reg_weight: Weight of the segments' loss; 0 or less makes it equal to the classes' loss.
        label_smoothing: Share of a target spread over all classes and background.
        init_normaliser: Initial running mean.
        momentum: Share of the old mean in the new one.
        alpha: That of the focal loss.
        gamma: That of the focal loss.
    """

    normaliser: Tensor
    of_each_class: ClassVar[bool] = False
    """Whether ``pred`` has distances for each class."""

    def __init__(
        self,
        reg_weight: float = 1.0,
        label_smoothing: float = 0.0,
        init_normaliser: float = 100.0,
        momentum: float = 0.9,
        alpha: float = 0.25,
        gamma: float = 2.0,
        init_cfg: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(init_cfg=init_cfg)
        self.reg_weight, self.label_smoothing = reg_weight, label_smoothing
        self.momentum, self.alpha, self.gamma = momentum, alpha, gamma
        self.register_buffer('normaliser', torch.tensor(float(init_normaliser)))

    def forward(
        self, logits: Tensor, pred: Tensor, classes: Tensor, distances: Tensor, valid: Tensor
    ) -> dict[str, Tensor]:
        """Compute the losses of a batch and update the running mean.

        Args:
            logits: (B, P, K).
            pred: (B, P, 2), distances to start and end in strides.
            classes: (B, P, K), targets in [0, 1].
            distances: (B, P, 2), targets.
            valid: (B, P) bool, points that are not padding.
        """
        positive = (classes.sum(-1) > 0) & valid
        normaliser = self._move_on(positive)
        smooth = self.label_smoothing
        target = classes[valid] * (1 - smooth) + smooth / (classes.shape[-1] + 1)
        focal = sigmoid_focal_loss(
            logits[valid].float(), target, self.alpha, self.gamma, reduction='sum'
        )
        # The sum over no points is 0, with a gradient of 0.
        overlap = ctr_diou_loss_1d(pred[positive], distances[positive]).sum()
        return self._weighted(focal / normaliser, overlap / normaliser)

    def _weighted(self, loss_cls: Tensor, loss_reg: Tensor) -> dict[str, Tensor]:
        weight: Tensor | float = self.reg_weight
        if self.reg_weight <= 0:
            weight = loss_cls.detach() / loss_reg.detach().clamp(min=0.01)
        return {'loss_cls': loss_cls, 'loss_reg': loss_reg * weight}

    @torch.no_grad()
    def _move_on(self, positive: Tensor) -> Tensor:
        """Update the running mean with the points of a batch and return it."""
        count = positive.sum().float()
        all_reduce(count, 'mean')
        new = self.momentum * self.normaliser + (1 - self.momentum) * count.clamp(min=1)
        self.normaliser.copy_(new)
        return new
