"""The second stage of an action detector, which classifies what people in given boxes do."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, TypeVar

import torch
from mmengine.model import BaseModule
from mmengine.structures import BaseDataElement, InstanceData
from torch import Tensor, nn

from mmvideomae.ops.boxes import box_iou, extend_boxes, from_view, jitter_boxes
from mmvideomae.registry import MODELS

WHOLE_FRAME = (0.0, 0.0, 1.0, 1.0)


@dataclass(frozen=True)
class TrainSettings:
    """The boxes to use for training.

    These are the ground-truth boxes; with ``min_iou``, also proposals whose IoU with one of them
    is at least that, with the labels of the box that they overlap most.
    """

    max_boxes: int = 100
    """The most boxes of a clip; if there are more, a random choice of them."""
    jitter: Sequence[float] | None = None
    """See `jitter_boxes`."""
    min_iou: float | None = None


@dataclass(frozen=True)
class PredictSettings:
    """Treatment of boxes in tests."""

    extend: Sequence[float] | None = None
    """See `extend_boxes`; results contain the original boxes."""
    multiply_box_score: bool = True
    """Multiply the score of an action by that of its box."""


Settings = TypeVar('Settings', TrainSettings, PredictSettings)


@MODELS.register_module()
class ActionRoIHead(BaseModule):
    """RoI head of mmdet's ``FastRCNN`` for boxes of people, each with any number of actions.

    Feature map (B, D, t, h, w) and given boxes -> losses, or scores of K classes.  It replaces
    mmaction2's ``AVARoIHead`` but needs neither mmdet nor compiled mmcv (only ``FastRCNN`` does),
    and accepts batches of any number of clips and boxes, including none.

    Args:
        bbox_roi_extractor: ``forward(feats, rois (n, 5)) -> (n, D, s, s)``, with ``stride``.
        bbox_head: ``forward(features) -> logits (n, K)`` and ``loss(logits, labels)``, with
            ``num_classes`` K.
        train_cfg: Entries of `TrainSettings`; ``FastRCNN`` passes its ``train_cfg.rcnn``.
        test_cfg: Entries of `PredictSettings`, likewise.

    Raises:
        ValueError: Unknown or impossible settings.
    """

    with_bbox, with_mask, with_shared_head = True, False, False

    def __init__(
        self,
        bbox_roi_extractor: dict[str, Any] | nn.Module,
        bbox_head: dict[str, Any] | nn.Module,
        train_cfg: dict[str, Any] | None = None,
        test_cfg: dict[str, Any] | None = None,
        init_cfg: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(init_cfg=init_cfg)
        self.bbox_roi_extractor, self.bbox_head = _built(bbox_roi_extractor), _built(bbox_head)
        self.train_settings = _settings(TrainSettings, train_cfg, 'train_cfg.rcnn', 'jitter', 4)
        self.test_settings = _settings(PredictSettings, test_cfg, 'test_cfg.rcnn', 'extend', 2)
        if self.train_settings.max_boxes < 1:
            raise ValueError(f'max_boxes must be at least 1, got {self.train_settings.max_boxes}')

    def forward(
        self, x: Tensor, proposals: list[InstanceData], data_samples: list[BaseDataElement]
    ) -> Tensor:
        """Logits (n, K) of the unchanged proposals of all clips."""
        return self._logits(x, [own.bboxes for own in proposals], data_samples)

    def loss(
        self, x: Tensor, proposals: list[InstanceData], data_samples: list[BaseDataElement]
    ) -> dict[str, Tensor]:
        """Losses by name.

        Args:
            x: Feature map (B, D, t, h, w).
            proposals: For each clip, ``bboxes`` (m, 4) in pixels.
            data_samples: With ``gt_instances``: ``bboxes`` (n, 4) in pixels, ``labels`` (n, K).

        Raises:
            ValueError: A clip, which the message names, has no ground-truth boxes, or its
                labels do not have K classes.
        """
        chosen = [
            self._to_learn(own, sample) for own, sample in zip(proposals, data_samples, strict=True)
        ]
        boxes, labels = ([pair[part] for pair in chosen] for part in (0, 1))
        return self.bbox_head.loss(self._logits(x, boxes, data_samples), torch.cat(labels))

    def predict(
        self,
        x: Tensor,
        proposals: list[InstanceData],
        data_samples: list[BaseDataElement],
        rescale: bool = True,
    ) -> list[InstanceData]:
        """Score the proposals of each clip.

        Args:
            rescale: Return boxes relative to the original frame, with crop and flip undone;
                False leaves them in pixels of the clip.

        Returns:
            For each clip, ``bboxes`` (m, 4) as proposed, ``scores`` (m, K) and, if proposals
            have scores, ``box_scores`` (m,).

        Raises:
            ValueError: Proposals lack scores, but ``multiply_box_score`` is on.
        """
        boxes = [own.bboxes for own in proposals]
        if amounts := self.test_settings.extend:
            boxes = [
                extend_boxes(each, sample.img_shape, amounts)
                for each, sample in zip(boxes, data_samples, strict=True)
            ]
        scores = self._logits(x, boxes, data_samples).sigmoid().split([len(each) for each in boxes])
        parts = zip(scores, proposals, data_samples, strict=True)
        return [self._result(own, given, sample, rescale) for own, given, sample in parts]

    def _result(
        self, scores: Tensor, given: InstanceData, sample: BaseDataElement, rescale: bool
    ) -> InstanceData:
        boxes, found = given.bboxes, InstanceData()
        if rescale:
            crop, flip = sample.get('crop', WHOLE_FRAME), sample.get('flip', False)
            boxes = from_view(boxes, sample.img_shape, crop, flip)
        if 'scores' in given:
            found.box_scores = given.scores
        elif self.test_settings.multiply_box_score:
            raise ValueError(
                f'{_name(sample)}: the proposals have no scores; set '
                'model.test_cfg.rcnn.multiply_box_score=False'
            )
        if self.test_settings.multiply_box_score:
            scores = scores * given.scores[:, None]
        found.bboxes, found.scores = boxes, scores
        return found

    def _logits(
        self, x: Tensor, boxes: list[Tensor], data_samples: list[BaseDataElement]
    ) -> Tensor:
        """Logits (n, K) of boxes (n_i, 4) in pixels of each clip."""
        self._check_stride(x, data_samples)
        rois = [
            torch.cat([each.new_full((len(each), 1), clip), each], 1)
            for clip, each in enumerate(boxes)
        ]
        return self.bbox_head(self.bbox_roi_extractor(x, torch.cat(rois)))

    def _to_learn(self, given: InstanceData, sample: BaseDataElement) -> tuple[Tensor, Tensor]:
        """Boxes (n, 4) in pixels and labels (n, K) for training on a clip."""
        if 'gt_instances' not in sample:
            raise ValueError(f'{_name(sample)} has no ground-truth boxes')
        settings, truth = self.train_settings, sample.gt_instances
        boxes, labels = truth.bboxes, truth.labels
        if labels.ndim != 2 or labels.shape[1] != self.bbox_head.num_classes:
            raise ValueError(
                f'{_name(sample)}: the labels have shape {tuple(labels.shape)}, but bbox_head has '
                f'num_classes={self.bbox_head.num_classes}; set it to the classes of the label map'
            )
        if settings.min_iou is not None and len(boxes):
            overlap, nearest = box_iou(given.bboxes, boxes).max(1)
            joined = overlap >= settings.min_iou
            boxes = torch.cat([boxes, given.bboxes[joined]])
            labels = torch.cat([labels, labels[nearest[joined]]])
        if len(boxes) > settings.max_boxes:
            # Drawn on the CPU, so that it is the same on every device.
            some = torch.randperm(len(boxes))[: settings.max_boxes].to(boxes.device)
            boxes, labels = boxes[some], labels[some]
        if settings.jitter:
            boxes = jitter_boxes(boxes, sample.img_shape, settings.jitter)
        return boxes, labels

    def _check_stride(self, x: Tensor, data_samples: list[BaseDataElement]) -> None:
        """Check that the stride is the encoder's patch size; otherwise boxes would be misplaced."""
        padded = data_samples[0].get('batch_input_shape') if data_samples else None
        stride, steps = self.bbox_roi_extractor.stride, tuple(x.shape[-2:])
        if padded is not None and tuple(step * stride for step in steps) != tuple(padded):
            raise ValueError(
                f'{steps[0]}x{steps[1]} steps of {stride} pixels are not the {padded[0]}x'
                f'{padded[1]} pixels of the clips: set model.roi_head.bbox_roi_extractor.stride '
                'to the patch_size of the backbone'
            )


def _name(sample: BaseDataElement) -> str:
    return f'video {sample.get("video_id")} at {sample.get("second")} s'


def _built(part: dict[str, Any] | nn.Module) -> nn.Module:
    return MODELS.build(part) if isinstance(part, dict) else part


def _settings(
    kind: type[Settings], given: dict[str, Any] | None, where: str, amounts: str, count: int
) -> Settings:
    """Settings from a dict; its entry ``amounts`` is a list of ``count`` shares."""
    options = dict(given or {})
    known = [field.name for field in fields(kind)]
    if unknown := [name for name in options if name not in known]:
        raise ValueError(f'unknown keys of {where}: {unknown}; known: {known}')
    shares = options.get(amounts)
    if shares is not None and (len(shares) != count or min(shares) < 0):
        raise ValueError(f'{where}.{amounts} must be {count} shares of at least 0, got {shares!r}')
    return kind(**options)
