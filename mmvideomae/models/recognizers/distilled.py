"""Train a classifier on the scores of a larger one."""

import logging
from collections.abc import Callable
from typing import Any

import torch
from mmaction.structures import ActionDataSample
from mmengine.logging import print_log
from mmengine.runner import CheckpointLoader
from torch import Tensor, nn
from torch.nn import functional as F

from mmvideomae.models.recognizers.recognizer3d import Recognizer3D
from mmvideomae.ops.teachers import Unregistered, weights_fingerprint
from mmvideomae.registry import MODELS


@MODELS.register_module()
class DistilledRecognizer(Recognizer3D):
    """A student that learns from a frozen teacher (V2 appendix, Tables 16 and 17).

    Both see the same clips, erased and mixed in the same way, and the loss is::

        distill_weight * T**2 * KL(softmax(teacher / T) || softmax(student / T))
        + label_weight * cross entropy with the labels

    The paper states T = 3 but not whether labels are used; by default they are not.

    The student is the recognizer itself, so its checkpoints are those of a plain classifier.
    The teacher is in no state dict, no optimizer and no gradient exchange, and is built only
    when training needs it.

    Args:
        backbone: The student's.
        cls_head: The student's.
        teacher: Config of a recognizer, by default with the same number of classes.
        teacher_checkpoint: Its complete weights; None leaves them random (for tests).
        temperature: T.
        distill_weight: Weight of the divergence.
        label_weight: Weight of the cross entropy.
        data_preprocessor: That of both.
        test_cfg: As in `Recognizer3D`.

    Raises:
        ValueError: The numbers of classes differ, or the checkpoint does not fit.
    """

    def __init__(
        self,
        backbone: dict[str, Any],
        cls_head: dict[str, Any],
        teacher: dict[str, Any],
        teacher_checkpoint: str | None = None,
        temperature: float = 3.0,
        distill_weight: float = 1.0,
        label_weight: float = 0.0,
        data_preprocessor: dict[str, Any] | None = None,
        train_cfg: dict[str, Any] | None = None,
        test_cfg: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(
            backbone=backbone,
            cls_head=cls_head,
            data_preprocessor=data_preprocessor,
            train_cfg=train_cfg,
            test_cfg=test_cfg,
        )
        if getattr(self.cls_head, 'multi_class', False):
            raise ValueError(
                'distillation is for one label a clip: omit model.cls_head.multi_class'
            )
        if temperature <= 0:
            raise ValueError(f'temperature must be positive, got {temperature}')
        head = {'num_classes': self.cls_head.num_classes, **teacher['cls_head']}
        teacher = {**teacher, 'cls_head': head}
        classes = head['num_classes']
        if classes != self.cls_head.num_classes:
            raise ValueError(
                f'the teacher has {classes} classes, but the student {self.cls_head.num_classes}: '
                "train on the teacher's data set"
            )
        self._teacher, self._teacher_config = Unregistered(), teacher
        self.teacher_checkpoint = teacher_checkpoint
        self.temperature = temperature
        self.distill_weight, self.label_weight = distill_weight, label_weight

    @property
    def teacher(self) -> nn.Module:
        """The frozen recognizer, on the student's device."""
        if self._teacher.module is None:
            built = MODELS.build(self._teacher_config).eval().requires_grad_(False)
            self._teacher.module = built.to(next(self.parameters()).device)
        return self._teacher.module

    @property
    def teacher_fingerprint(self) -> str:
        """Of the teacher's weights, which a resumed run needs again."""
        return weights_fingerprint(self.teacher.state_dict())

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> nn.Module:
        # Moves and casts the teacher too.
        if self._teacher.module is not None:
            self._teacher.module._apply(fn, recurse)
        return super()._apply(fn, recurse)

    def init_weights(self) -> None:
        """Initialise the student and read the teacher's weights."""
        super().init_weights()
        if self.teacher_checkpoint is None:
            message = 'The teacher has random weights: teacher_checkpoint is not set'
            print_log(message, 'current', logging.WARNING)
            return
        content = CheckpointLoader.load_checkpoint(self.teacher_checkpoint, map_location='cpu')
        try:
            self.teacher.load_state_dict(content.get('state_dict', content))
        except RuntimeError as error:
            reason = ' '.join(str(error).partition(':\n')[2].split())
            raise ValueError(
                f'{self.teacher_checkpoint} does not fit the teacher: {reason[:300]}'
            ) from error

    def loss(self, inputs: Tensor, data_samples: list[ActionDataSample]) -> dict[str, Tensor]:
        """Clips (B, 1, C, T, H, W) -> ``loss_distill``, and ``loss_cls`` if it has a weight."""
        scores = self._scores(self, inputs)
        with torch.no_grad():
            targets = self._scores(self.teacher, inputs)
        losses = {'loss_distill': self.distill_weight * self._divergence(scores, targets)}
        if self.label_weight:
            if not all('gt_label' in sample for sample in data_samples):
                raise ValueError('label_weight needs labels: set labelled=True in the data set')
            of_labels = self.cls_head.loss_by_feat(scores, data_samples)
            of_labels['loss_cls'] = self.label_weight * of_labels['loss_cls']
            losses |= of_labels
        return losses

    @staticmethod
    def _scores(model: nn.Module, inputs: Tensor) -> Tensor:
        """(B, 1, C, T, H, W) -> scores (B, K)."""
        return model.cls_head(model.backbone(inputs.flatten(0, 1)))

    def _divergence(self, scores: Tensor, targets: Tensor) -> Tensor:
        """Mean over clips, in float32, scaled by T**2 to make gradients independent of T."""
        with torch.autocast(scores.device.type, enabled=False):
            student = F.log_softmax(scores.float() / self.temperature, dim=1)
            teacher = F.log_softmax(targets.float() / self.temperature, dim=1)
            divergence = F.kl_div(student, teacher, reduction='batchmean', log_target=True)
        return divergence * self.temperature**2
