"""The metric for action detection on key frames."""

import csv
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from mmengine.evaluator import BaseMetric

from mmvideomae.evaluation.arrays import finite, to_numpy
from mmvideomae.evaluation.box_ap import BoxTable, box_average_precision, on_annotated
from mmvideomae.ops.seconds import second_text
from mmvideomae.registry import METRICS

_SUFFIXES = ('.json', '.csv')


@METRICS.register_module()
class FrameMAP(BaseMetric):
    """Mean average precision over classes for boxes of key frames (AVA's protocol).

    Every sample has ``pred_instances`` with ``bboxes`` (m, 4) relative to the original frame
    and ``scores`` (m, K), and in its metainfo ``video_id``, ``second``, ``gt_original_boxes``
    (n, 4) and ``gt_original_labels`` (n, K): the annotation before any change by the pipeline.
    Column k belongs to id k + 1.  Only the ids in ``class_ids`` of the data set's metainfo are
    evaluated (AVA's label map names 60 of 80); without it, all are.

    The protocol is that of AVA's own evaluation, which the papers use: every score counts, and
    predictions on a key frame without a true box of these ids are wrong.  mmaction2's protocol
    is ``action_threshold=0.002, ignore_empty=True``, which ignores low scores and such key
    frames.  Excluded key frames are not samples, so they have no effect in either protocol.

    Metrics are ``mAP`` and, with ``classwise``, ``AP/<class>``.  Classes without true boxes are
    ignored; those without predictions count as 0.

    With mmaction2's protocol, results equal those of its ``AVAMetric``.  That class is not used
    because it needs a score for the background before the K others, rounds boxes and scores to 4
    decimals, supports only whole seconds, omits classes that were never predicted from the mean,
    counts true boxes of excluded key frames as missed, starts 32 processes, writes a file into
    the working directory and prints.

    Args:
        iou_threshold: Least IoU of a match.
        action_threshold: Only higher scores count as predictions.
        classwise: Also report each class.
        ignore_empty: See `box_average_precision`.
        outfile: ``.json``: all results, class by class; ``.csv``: the predictions in AVA's
            result format.

    Raises:
        ValueError: The threshold is outside (0, 1], the file has another suffix, or there are
            no true boxes.
    """

    default_prefix = 'frame'

    def __init__(
        self,
        iou_threshold: float = 0.5,
        action_threshold: float = 0.0,
        classwise: bool = False,
        ignore_empty: bool = False,
        outfile: str | os.PathLike[str] | Sequence[str] | None = None,
        collect_device: str = 'cpu',
        prefix: str | None = None,
    ) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix)
        if not 0 < iou_threshold <= 1:
            raise ValueError(f'iou_threshold must lie in (0, 1], got {iou_threshold}')
        self.iou_threshold = iou_threshold
        self.action_threshold = action_threshold
        self.classwise = classwise
        self.ignore_empty = ignore_empty
        self.outfiles = _paths(outfile)

    def process(self, data_batch: Any, data_samples: Sequence[dict[str, Any]]) -> None:
        """Keep predictions and annotations of one batch."""
        for sample in data_samples:
            if 'gt_original_boxes' not in sample:
                raise ValueError(
                    f'key frame {sample.get("second")} of {sample.get("video_id")!r} has no '
                    'annotation to evaluate against'
                )
            found = sample['pred_instances']
            told = f'predicted for second {sample["second"]:g} of video {sample["video_id"]!r}'
            self.results.append(
                {
                    'video_id': sample['video_id'],
                    'second': float(sample['second']),
                    'boxes': finite(found['bboxes'], f'boxes {told}').reshape(-1, 4),
                    'scores': finite(found['scores'], f'scores {told}'),
                    'gt_boxes': to_numpy(sample['gt_original_boxes']).reshape(-1, 4),
                    'gt_labels': to_numpy(sample['gt_original_labels']).astype(bool),
                }
            )

    def compute_metrics(self, results: list[dict[str, Any]]) -> dict[str, float]:
        """Evaluate all key frames of all processes."""
        names = list(self.dataset_meta['classes'])
        ids = list(self.dataset_meta.get('class_ids') or range(1, len(names) + 1))
        columns = np.array(ids) - 1
        predictions, truths = (
            BoxTable.gather(((each[b], each[v]) for each in results), len(names))
            for b, v in (('boxes', 'scores'), ('gt_boxes', 'gt_labels'))
        )
        classes = {number: names[number - 1] for number in ids}
        evaluation = evaluate_boxes(
            _only(predictions, columns),
            _only(truths, columns),
            classes,
            self.iou_threshold,
            self.action_threshold,
            self.ignore_empty,
        )
        for path in self.outfiles:
            path.parent.mkdir(parents=True, exist_ok=True)
            if path.suffix == '.json':
                path.write_text(json.dumps(evaluation, indent=1) + '\n', encoding='utf-8')
                continue
            with path.open('w', encoding='utf-8', newline='') as file:
                csv.writer(file).writerows(result_rows(results, ids, self.action_threshold))
        metrics = {'mAP': evaluation['mAP']}
        if self.classwise:
            known = [each for each in evaluation['classes'] if each['AP'] is not None]
            metrics.update({f'AP/{each["name"]}': each['AP'] for each in known})
        return metrics


def evaluate_boxes(
    predictions: BoxTable,
    truths: BoxTable,
    classes: Mapping[int, str],
    iou_threshold: float = 0.5,
    score_threshold: float = 0.0,
    ignore_empty: bool = False,
) -> dict[str, Any]:
    """All results as plain numbers.

    Args:
        predictions, truths: Tables whose columns are the classes in order.
        classes: Names keyed by id.

    Returns:
        ``mAP``; ``iou_threshold``; ``key_frames``, the number with true boxes of a class; and
        ``classes``, a list of ``id``, ``name``, ``AP`` (None without true boxes), ``boxes``
        (number of true boxes) and ``predictions`` (number of evaluated predictions).

    Raises:
        ValueError: No class has a true box.
    """
    labels = truths.values.astype(bool)
    if not labels.any():
        raise ValueError('there are no true boxes of the evaluated classes')
    if ignore_empty:
        predictions = on_annotated(predictions, truths)
    precisions = box_average_precision(predictions, truths, iou_threshold, score_threshold)
    counts = (predictions.values > score_threshold).sum(0)
    rows = zip(classes.items(), precisions, labels.sum(0), counts, strict=True)
    return {
        'mAP': float(np.nanmean(precisions)),
        'iou_threshold': iou_threshold,
        'key_frames': len(np.unique(truths.frames[labels.any(1)])),
        'classes': [
            {
                'id': number,
                'name': name,
                'AP': float(precision) if np.isfinite(precision) else None,
                'boxes': int(boxes),
                'predictions': int(predicted),
            }
            for (number, name), precision, boxes, predicted in rows
        ],
    }


def result_rows(
    results: Iterable[Mapping[str, Any]], ids: Sequence[int], score_threshold: float
) -> Iterator[tuple[str, ...]]:
    """Rows of video, second, x1, y1, x2, y2, id and score, for scores above the threshold.

    Args:
        results: Those that `FrameMAP.process` collects.
    """
    for each in results:
        for box, scores in zip(each['boxes'].tolist(), each['scores'], strict=True):
            place = (each['video_id'], second_text(each['second']), *(f'{x:.6g}' for x in box))
            for number in ids:
                if (score := scores[number - 1]) > score_threshold:
                    yield (*place, str(number), f'{score:.6g}')


def _only(table: BoxTable, columns: np.ndarray) -> BoxTable:
    return BoxTable(table.frames, table.boxes, table.values[:, columns])


def _paths(outfile: str | os.PathLike[str] | Sequence[str] | None) -> list[Path]:
    if outfile is None:
        return []
    given = [outfile] if isinstance(outfile, (str, os.PathLike)) else outfile
    paths = [Path(each) for each in given]
    for path in paths:
        if path.suffix not in _SUFFIXES:
            raise ValueError(f'outfile must end in {" or ".join(_SUFFIXES)}, got {str(path)!r}')
    return paths
