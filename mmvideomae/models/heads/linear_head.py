"""A linear classifier of clip features that can also train in mixed precision on a CPU."""

from collections.abc import Sequence
from typing import Any

import torch
from mmaction.models import BCELossWithLogits
from mmaction.models.heads import TimeSformerHead
from mmaction.structures import ActionDataSample
from torch import Tensor

from mmvideomae.ops.labels import smooth_many
from mmvideomae.registry import MODELS


@MODELS.register_module()
class LinearHead(TimeSformerHead):
    """Features (B, D) -> class scores (B, K) in float32, even under autocast.

    It differs from mmaction2's ``TimeSformerHead`` in three ways.  The scores are float32
    because mmaction2 1.2.0 turns them into NumPy arrays to log the training accuracy, and
    NumPy lacks bfloat16, which autocast uses on a CPU.  And the initial weight and bias are
    scaled down, as in VideoMAE's fine-tuning.  And with ``multi_class`` a clip has any number of
    classes, each with a probability of its own, a sigmoid instead of the softmax.

    Args:
        num_classes: K.
        in_channels: D.
        dropout_ratio: Dropout of the features.
        init_scale: Factor of the initial weight and bias; the papers use 0.001.
        loss_cls: Config of the loss; None is cross entropy, binary with ``multi_class``.
        topk: Training accuracies to log.
        label_smooth_eps: Smoothing of hard labels; `ClassificationDataPreprocessor` can
            smooth labels instead.
        average_clips: What to average over the views of a video: 'prob' or 'score'.
        multi_class: Whether clips have several labels, as from a data set with
            ``multi_class=True``.
    """

    def __init__(
        self,
        num_classes: int,
        in_channels: int,
        dropout_ratio: float = 0.0,
        init_scale: float = 1.0,
        loss_cls: dict[str, Any] | None = None,
        topk: int | tuple[int, ...] = (1, 5),
        label_smooth_eps: float = 0.0,
        average_clips: str | None = 'prob',
        init_cfg: dict[str, Any] | None = None,
        multi_class: bool = False,
    ) -> None:
        super().__init__(
            num_classes,
            in_channels,
            loss_cls or {'type': 'BCELossWithLogits' if multi_class else 'CrossEntropyLoss'},
            multi_class=multi_class,
            dropout_ratio=dropout_ratio,
            topk=topk if isinstance(topk, int) else tuple(topk),
            label_smooth_eps=label_smooth_eps,
            average_clips=average_clips,
            init_cfg=init_cfg,
        )
        self.init_scale = init_scale

    def init_weights(self) -> None:
        """Draw the weight from a truncated normal distribution with deviation 0.02, scaled."""
        super().init_weights()
        with torch.no_grad():
            self.fc_cls.weight.mul_(self.init_scale)
            self.fc_cls.bias.mul_(self.init_scale)

    def loss_by_feat(
        self, cls_scores: Tensor, data_samples: Sequence[ActionDataSample]
    ) -> dict[str, Tensor]:
        """Scores (B, K) -> losses by name.

        Raises:
            ValueError: The loss needs a target for each class, but samples have one label each.
        """
        if self.multi_class:
            return {'loss_cls': self.loss_cls(cls_scores, self._targets(cls_scores, data_samples))}
        single = self.num_classes > 1 and any(each.gt_label.numel() == 1 for each in data_samples)
        if isinstance(self.loss_cls, BCELossWithLogits) and single:
            raise ValueError(
                f'BCELossWithLogits needs {self.num_classes} values for each clip, one per class, '
                'but clips have one label: set model.cls_head.loss_cls.type=CrossEntropyLoss'
            )
        return super().loss_by_feat(cls_scores, data_samples)

    def _targets(self, scores: Tensor, data_samples: Sequence[ActionDataSample]) -> Tensor:
        """Rows of labels (B, K), each smoothed towards one half."""
        labels = [each.gt_label for each in data_samples]
        if not all(each.is_floating_point() for each in labels):
            raise ValueError(
                'a head with multi_class=True needs several labels a clip: set multi_class=True '
                'in the data set, or model.cls_head.multi_class=False'
            )
        return smooth_many(torch.stack(labels).to(scores), self.label_smooth_eps)

    def average_clip(self, cls_scores: Tensor, num_segs: int = 1) -> Tensor:
        """Scores (B * V, K) -> averages (B, K) of probabilities or scores, or all, (B, V, K)."""
        if self.multi_class and self.average_clips == 'prob':
            return cls_scores.sigmoid().unflatten(0, (-1, num_segs)).mean(1)
        return super().average_clip(cls_scores, num_segs)

    def forward(self, x: Tensor, loss_aux: dict[str, Tensor] | None = None) -> Tensor:
        # `Recognizer3D` passes ``loss_aux``, the losses of a neck, and adds them itself.
        with torch.autocast(x.device.type, enabled=False):
            return super().forward(x.float())
