"""The metric for temporal action localization."""

import json
import logging
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from mmengine.evaluator import BaseMetric
from mmengine.logging import print_log

from mmvideomae.evaluation.arrays import finite
from mmvideomae.evaluation.segment_ap import check_thresholds, recall_at, segment_average_precision
from mmvideomae.evaluation.segment_errors import break_down_errors
from mmvideomae.evaluation.segment_matching import SegmentTable
from mmvideomae.ops.detections import Detections, Suppression, suppress
from mmvideomae.ops.segments import distinct
from mmvideomae.registry import METRICS


@METRICS.register_module()
class SegmentMAP(BaseMetric):
    """Mean average precision over classes and IoU thresholds (ActivityNet's protocol).

    Every sample has ``pred_instances`` with segments in seconds, scores and labels, and in
    its metainfo ``video_id``, ``gt_seconds`` (n, 2) and ``gt_labels`` (n,): the annotation
    before any change by the pipeline.

    Metrics are ``mAP`` (the mean over thresholds), ``mAP@0.50`` and so on, ``recall@1x``
    and so on (means over thresholds and classes, see `recall_at`), ``recall@1x@0.50`` and so on
    (at one threshold; Ego4D's moment queries report this one), and with ``classwise``
    ``AP/<class>``, the mean over thresholds.  Classes without true segments are ignored, as are
    true segments that repeat another or are shorter than 1 ms (`distinct`); the log says how many.

    Args:
        iou_thresholds: For example 0.3 to 0.7 (THUMOS14), 0.5 to 0.95 (ActivityNet).
        recall_multiples: k of recall@kx.
        classwise: Also report each class.
        class_agnostic: Treat all segments as one class, to measure how well a model without
            classes finds actions.
        merge: Entries of `Suppression`, by which the predictions for the windows of a video, each
            a sample, become those of the video; None: a video is one sample.
        errors_at: IoU threshold of the error breakdown in ``outfile``; None: no breakdown.
        outfile: JSON file for predictions (in ActivityNet's format) and all results.

    Raises:
        ValueError: Thresholds are outside (0, 1], there are no true segments, or a video has
            several samples that are not merged.
    """

    default_prefix = 'segment'

    def __init__(
        self,
        iou_thresholds: Sequence[float] = (0.3, 0.4, 0.5, 0.6, 0.7),
        recall_multiples: Sequence[int] = (1, 5),
        classwise: bool = False,
        class_agnostic: bool = False,
        merge: Mapping[str, Any] | None = None,
        errors_at: float | None = 0.5,
        outfile: str | os.PathLike[str] | None = None,
        collect_device: str = 'cpu',
        prefix: str | None = None,
    ) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix)
        check_thresholds(iou_thresholds)
        self.iou_thresholds = tuple(float(each) for each in iou_thresholds)
        self.recall_multiples = tuple(recall_multiples)
        self.classwise = classwise
        self.class_agnostic = class_agnostic
        self.merge = None if merge is None else Suppression(**merge)
        self.errors_at = errors_at
        self.outfile = None if outfile is None else Path(outfile)

    def process(self, data_batch: Any, data_samples: Sequence[dict[str, Any]]) -> None:
        """Keep predictions and annotations of one batch."""
        for sample in data_samples:
            if 'gt_seconds' not in sample:
                raise ValueError(
                    f'video {sample.get("video_id")!r} has no annotation to evaluate against'
                )
            found = sample['pred_instances']
            predicted = {
                key: finite(found[key], f'{key} predicted for video {sample["video_id"]!r}')
                for key in ('segments', 'scores', 'labels')
            }
            self.results.append(
                {
                    'video_id': sample['video_id'],
                    'gt_seconds': np.asarray(sample['gt_seconds'], np.float64).reshape(-1, 2),
                    'gt_labels': np.asarray(sample['gt_labels'], np.int64),
                    **predicted,
                }
            )

    def compute_metrics(self, results: list[dict[str, Any]]) -> dict[str, float]:
        """Evaluate all videos of all processes."""
        classes = list(self.dataset_meta['classes'])
        results = videos_of(results, self.merge)
        if self.class_agnostic:
            classes = ['action']
            results = [
                {**each, **{key: np.zeros_like(each[key]) for key in ('labels', 'gt_labels')}}
                for each in results
            ]
        predictions, truths = tables_of(results)
        if gone := sum(len(each['gt_labels']) for each in results) - len(truths):
            print_log(
                f'{gone} of {gone + len(truths)} true segments repeat another (same class, both '
                'ends within 1 ms) or are shorter than 1 ms: they are ignored',
                logger='current',
                level=logging.WARNING,
            )
        evaluation = evaluate_segments(
            predictions, truths, classes, self.iou_thresholds, self.recall_multiples, self.errors_at
        )
        if self.outfile is not None:
            self.outfile.parent.mkdir(parents=True, exist_ok=True)
            content = {**results_layout(results, classes), 'evaluation': evaluation}
            self.outfile.write_text(json.dumps(content) + '\n', encoding='utf-8')
        metrics = {'mAP': evaluation['mAP']}
        metrics.update({f'mAP@{key}': value for key, value in evaluation['mAP_at'].items()})
        for multiple, by_threshold in evaluation['recall'].items():
            metrics[f'recall@{multiple}'] = float(np.mean(list(by_threshold.values())))
            metrics.update({f'recall@{multiple}@{key}': x for key, x in by_threshold.items()})
        if self.classwise:
            metrics.update({f'AP/{name}': ap for name, ap in evaluation['AP'].items()})
        return metrics


def videos_of(results: Sequence[dict[str, Any]], merge: Suppression | None) -> list[dict[str, Any]]:
    """The results of each video from those of its windows; see `SegmentMAP.process`.

    Raises:
        ValueError: Windows must be merged, but it is not said how.
    """
    windows: dict[str, list[dict[str, Any]]] = {}
    for each in results:
        windows.setdefault(each['video_id'], []).append(each)
    if merge is None:
        if len(windows) < len(results):
            video = next(name for name, parts in windows.items() if len(parts) > 1)
            raise ValueError(
                f'video {video!r} has {len(windows[video])} samples, of which each has its own '
                'predictions: set merge=dict(...) in SegmentMAP'
            )
        return list(results)
    merged = []
    for parts in windows.values():
        found = Detections.joined(
            Detections(each['segments'], each['scores'], each['labels']) for each in parts
        )
        merged.append({**parts[0], **suppress(found, merge)._asdict()})
    return merged


def tables_of(results: Sequence[Mapping[str, Any]]) -> tuple[SegmentTable, SegmentTable]:
    """Predictions and distinct true segments of videos; see `SegmentMAP.process`."""
    truths = []
    for each in results:
        kept = distinct(each['gt_seconds'], each['gt_labels'])
        truths.append((each['gt_seconds'][kept], each['gt_labels'][kept], None))
    return (
        SegmentTable.gather((each['segments'], each['labels'], each['scores']) for each in results),
        SegmentTable.gather(truths),
    )


def evaluate_segments(
    predictions: SegmentTable,
    truths: SegmentTable,
    classes: Sequence[str],
    iou_thresholds: Sequence[float],
    recall_multiples: Sequence[int] = (1, 5),
    errors_at: float | None = 0.5,
) -> dict[str, Any]:
    """All results as plain numbers.

    Returns:
        ``mAP``; ``mAP_at`` by threshold; ``AP`` by class, the mean over thresholds; ``AP_at``
        by threshold and class; ``recall`` by multiple and threshold; and, if requested,
        ``errors`` from `ErrorBreakdown.to_dict`.
    """
    names = [f'{each:.2f}' for each in iou_thresholds]
    precisions = segment_average_precision(predictions, truths, iou_thresholds, len(classes))
    recalls = recall_at(predictions, truths, iou_thresholds, len(classes), recall_multiples)
    seen = np.flatnonzero(np.isfinite(precisions[0]))
    evaluation: dict[str, Any] = {
        'mAP': float(precisions[:, seen].mean()),
        'mAP_at': _by(names, precisions[:, seen].mean(1)),
        'AP': _by([classes[label] for label in seen], precisions[:, seen].mean(0)),
        'AP_at': {
            name: _by([classes[label] for label in seen], row[seen])
            for name, row in zip(names, precisions, strict=True)
        },
        'recall': {
            f'{multiple}x': _by(names, recalls[:, column][:, seen].mean(1))
            for column, multiple in enumerate(recall_multiples)
        },
    }
    if errors_at is not None:
        errors = break_down_errors(predictions, truths, len(classes), errors_at)
        evaluation['errors'] = {**errors.to_dict(), 'classes': list(classes)}
    return evaluation


def results_layout(results: Sequence[Mapping[str, Any]], classes: Sequence[str]) -> dict[str, Any]:
    """Predictions in the format that ActivityNet's own evaluation reads."""
    return {
        'version': 'VERSION 1.3',
        'external_data': {},
        'results': {
            each['video_id']: [
                {'segment': segment, 'score': score, 'label': classes[label]}
                for segment, score, label in zip(
                    each['segments'].tolist(),
                    each['scores'].tolist(),
                    each['labels'].tolist(),
                    strict=True,
                )
            ]
            for each in results
        },
    }


def _by(names: Sequence[str], values: np.ndarray) -> dict[str, float]:
    return dict(zip(names, values.tolist(), strict=True))
