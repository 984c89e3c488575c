"""ActionFormer, which detects action segments in feature sequences of untrimmed videos."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from mmengine.model import BaseModel
from mmengine.structures import BaseDataElement, InstanceData
from torch import Tensor, nn

from mmvideomae.models.localizers.decoding import DecodeSettings, ExternalScores, candidates
from mmvideomae.models.localizers.point_labels import Points, label_points, make_points
from mmvideomae.ops.detections import Detections, suppress
from mmvideomae.registry import MODELS

RANGES = ((0, 4), (4, 8), (8, 16), (16, 32), (32, 64), (64, 10000))


@MODELS.register_module()
class ActionFormer(BaseModel):
    """Classify every step of a pyramid and regress its segment.

    Args:
        backbone: Encoder, ``forward(feats, mask)`` -> levels and their masks, with ``strides``,
            ``length_divisor`` and ``in_channels``.
        neck: ``forward(levels, masks)`` -> levels.
        cls_head: ``forward(levels, masks)`` -> logits (B, L_l, K) each, with ``num_classes``; 1
            class for class-agnostic detection.
        reg_head: Likewise, distances (B, L_l, 2) in strides, or (B, L_l, K, 2) for each class.
        loss: `SegmentLoss`, or a part with the same ``forward``; `TridentLoss` for distances of
            each class.
        regression_ranges: For each level, the least and largest distance, in steps of the
            input, to the farther end of the segments that it learns.
        center_radius, all_classes: See `label_points`.
        test_cfg: Entries of `DecodeSettings`.
        external_scores: ``path``, and optionally ``top`` and ``max_segments``, of
            `ExternalScores`; needs a head with 1 class.
        data_preprocessor: Pads a batch; its ``length_divisor`` is the backbone's unless given.

    Raises:
        ValueError: The parts do not fit together.
    """

    def __init__(
        self,
        backbone: dict[str, Any] | nn.Module,
        neck: dict[str, Any] | nn.Module,
        cls_head: dict[str, Any] | nn.Module,
        reg_head: dict[str, Any] | nn.Module,
        loss: dict[str, Any] | nn.Module | None = None,
        regression_ranges: Sequence[tuple[float, float]] = RANGES,
        center_radius: float | None = 1.5,
        all_classes: bool = False,
        test_cfg: dict[str, Any] | None = None,
        external_scores: dict[str, Any] | None = None,
        data_preprocessor: dict[str, Any] | nn.Module | None = None,
        init_cfg: dict[str, Any] | None = None,
    ) -> None:
        encoder = _built(backbone)
        preprocessor = data_preprocessor or {'type': 'FeatureDataPreprocessor'}
        if isinstance(preprocessor, dict):
            preprocessor = {'length_divisor': encoder.length_divisor, **preprocessor}
        super().__init__(data_preprocessor=_built(preprocessor), init_cfg=init_cfg)
        self.backbone, self.neck = encoder, _built(neck)
        self.cls_head, self.reg_head = _built(cls_head), _built(reg_head)
        self.loss = _built(loss or {'type': 'SegmentLoss'})
        self.regression_ranges = [(float(low), float(high)) for low, high in regression_ranges]
        self.center_radius, self.all_classes = center_radius, all_classes
        self.settings = DecodeSettings(**(test_cfg or {}))
        self.external = ExternalScores.read(**external_scores) if external_scores else None
        self._check()

    def _check(self) -> None:
        levels, ranges = len(self.backbone.strides), len(self.regression_ranges)
        if levels != ranges:
            raise ValueError(f'{levels} levels need as many regression_ranges, got {ranges}')
        count = self.cls_head.num_classes
        if (other := getattr(self.reg_head, 'num_classes', count)) != count:
            raise ValueError(f'cls_head has num_classes={count}, but reg_head {other}')
        for name in ('neck', 'reg_head'):
            self._require(name, 'num_levels', levels, 'the backbone has')
        self._require('neck', 'in_channels', self.backbone.embed_dims, "the backbone's width is")
        for name in ('cls_head', 'reg_head'):
            self._require(name, 'in_channels', self.neck.out_channels, "the neck's width is")
        each_class = hasattr(self.reg_head, 'num_classes')
        if getattr(self.loss, 'of_each_class', each_class) != each_class:
            kind, loss = (type(part).__name__ for part in (self.reg_head, self.loss))
            other = 'TridentLoss' if each_class else 'SegmentLoss'
            raise ValueError(f'{loss} does not fit the distances of {kind}: use {other}')
        if self.external and self.cls_head.num_classes != 1:
            raise ValueError(
                'external_scores supply the classes: they need a cls_head with num_classes=1, not '
                f'{self.cls_head.num_classes}'
            )

    def _require(self, name: str, key: str, wanted: int, told: str) -> None:
        """Check what a part says of itself, if it does."""
        if (found := getattr(getattr(self, name), key, wanted)) != wanted:
            raise ValueError(f'{name} has {key}={found}, but {told} {wanted}')

    def forward(
        self,
        inputs: Tensor,
        masks: Tensor,
        data_samples: list[BaseDataElement] | None = None,
        mode: str = 'tensor',
    ) -> dict[str, Tensor] | list[BaseDataElement] | tuple[list[Tensor], ...]:
        """Preprocessed batch (B, D, L), masks (B, 1, L) -> by ``mode``.

        'loss': losses by name.  'predict': the data samples with ``pred_instances``, their
        ``segments`` in seconds.  'tensor': logits, distances and masks of each level.

        Raises:
            ValueError: Features with another width, an unknown mode, no data samples,
                or predictions that are not finite.
        """
        self._check_width(inputs, data_samples)
        logits, distances, level_masks = self._raw(inputs, masks)
        if mode == 'tensor':
            return logits, distances, level_masks
        if mode not in ('loss', 'predict'):
            raise ValueError(f"unknown mode {mode!r}; choose 'tensor', 'loss' or 'predict'")
        if data_samples is None:
            raise ValueError(f'mode {mode!r} needs data_samples')
        lengths = [mask.shape[-1] for mask in level_masks]
        points = make_points(lengths, self.backbone.strides, self.regression_ranges, inputs.device)
        if mode == 'loss':
            scores, reach, valid = (torch.cat(part, 1) for part in (logits, distances, level_masks))
            return self._losses(scores, reach, valid, points, data_samples)
        for row, sample in enumerate(data_samples):
            raw = ([level[row] for level in part] for part in (logits, distances, level_masks))
            row_logits, row_distances, row_masks = raw
            if not all(each.isfinite().all() for each in (*row_logits, *row_distances)):
                # Comparisons with NaN scores would silently leave no segments.
                raise ValueError(
                    f'the predictions for video {sample.get("video_id")!r} are not finite numbers: '
                    'the weights of the ActionFormer or its features are broken'
                )
            found = candidates(row_logits, row_distances, row_masks, points, self.settings)
            sample.pred_instances = self._in_seconds(suppress(found, self.settings), sample)
        return data_samples

    def _raw(
        self, inputs: Tensor, masks: Tensor
    ) -> tuple[list[Tensor], list[Tensor], list[Tensor]]:
        """Logits (B, L_l, K), distances (B, L_l, 2) and masks (B, L_l) of each level."""
        feats, level_masks = self.backbone(inputs, masks)
        feats = self.neck(feats, level_masks)
        logits = self.cls_head(feats, level_masks)
        distances = self.reg_head(feats, level_masks)
        return logits, distances, [mask[:, 0] for mask in level_masks]

    def _losses(
        self,
        logits: Tensor,
        distances: Tensor,
        valid: Tensor,
        points: Points,
        data_samples: list[BaseDataElement],
    ) -> dict[str, Tensor]:
        count = self.cls_head.num_classes
        targets = []
        for sample in data_samples:
            truth = sample.gt_instances
            # A class-agnostic head learns all actions as one class.
            labels = torch.zeros_like(truth.labels) if count == 1 else truth.labels
            if len(labels) and int(labels.max()) >= count:
                raise ValueError(
                    f'video {sample.get("video_id")} has label {int(labels.max())}, but cls_head '
                    f'has num_classes={count}'
                )
            how = (count, self.center_radius, self.all_classes)
            targets.append(label_points(points, truth.segments, labels, *how))
        classes, wanted = (torch.stack(each) for each in zip(*targets, strict=True))
        return self.loss(logits, distances, classes, wanted, valid)

    def _in_seconds(self, found: Detections, sample: BaseDataElement) -> InstanceData:
        """Detections in steps -> in seconds, clipped to the video, with external classes if any."""
        seconds = sample.grid.to_seconds(found.segments.astype(np.float64))
        found = found._replace(segments=seconds.clip(0, sample.duration))
        if self.external:
            found = self.external.apply(found, sample.video_id)
        return InstanceData(
            segments=torch.from_numpy(found.segments).float(),
            scores=torch.from_numpy(found.scores).float(),
            labels=torch.from_numpy(found.labels),
        )

    def _check_width(self, inputs: Tensor, data_samples: list[BaseDataElement] | None) -> None:
        width = self.backbone.in_channels
        if inputs.shape[1] != width:
            videos = [sample.get('video_id') for sample in data_samples or ()]
            raise ValueError(
                f'features have width {inputs.shape[1]}, but the backbone has in_channels={width}; '
                f'videos {videos}'
            )


def _built(part: dict[str, Any] | nn.Module) -> nn.Module:
    return MODELS.build(part) if isinstance(part, dict) else part
