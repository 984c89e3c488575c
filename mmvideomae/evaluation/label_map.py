"""Average precision of clips with several labels each."""

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from mmengine.evaluator import BaseMetric

from mmvideomae.evaluation.arrays import finite, name_of, to_numpy
from mmvideomae.registry import METRICS


@METRICS.register_module()
class MultiLabelMAP(BaseMetric):
    """Mean average precision over classes for clips with several labels, ``label/mAP``.

    Precision is not interpolated and equal scores share one step, as in scikit-learn and in
    mmaction2's ``mean_average_precision``.  Classes without clips are ignored.  A clip that could
    not be decoded (metainfo ``undecodable``) is found in none of its classes.

    Args:
        threshold: Least score at which a class counts as predicted, for precision and recall.
        classwise: Also report ``label/AP/<class>``.
        outfile: A ``.json`` for the report of `evaluate_labels`.

    Raises:
        ValueError: A clip has one label or scores of several views, or no class has a clip.
        NotFiniteError: The scores of a clip are not finite.
    """

    default_prefix = 'label'
    multi_class = True

    def __init__(
        self,
        threshold: float = 0.5,
        classwise: bool = False,
        outfile: str | os.PathLike[str] | None = None,
        collect_device: str = 'cpu',
        prefix: str | None = None,
    ) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix)
        if outfile is not None and not os.fspath(outfile).endswith('.json'):
            raise ValueError(f'the outfile of MultiLabelMAP must end in .json, got {outfile}')
        self.threshold, self.classwise = threshold, classwise
        self.outfile = None if outfile is None else Path(outfile)

    def process(self, data_batch: Any, data_samples: Sequence[dict[str, Any]]) -> None:
        """Keep scores and labels of one batch."""
        for sample in data_samples:
            name = name_of(sample, len(self.results))
            scores = finite(sample['pred_score'], f'scores of {name}').astype(np.float64)
            if scores.ndim != 1:
                raise ValueError(
                    f'{name} has scores of {len(scores)} views: set '
                    "model.cls_head.average_clips='prob'"
                )
            label = to_numpy(sample['gt_label']) if 'gt_label' in sample else np.zeros(0)
            if label.shape != scores.shape or label.dtype.kind != 'f':
                raise ValueError(
                    f'{name} has no row of labels for {len(scores)} classes: set labelled=True and '
                    'multi_class=True in the data set'
                )
            if sample.get('undecodable'):
                scores = np.full_like(scores, -np.inf)
            self.results.append((scores, label > 0))

    def compute_metrics(self, results: list[tuple[np.ndarray, np.ndarray]]) -> dict[str, float]:
        """Evaluate all clips of all processes."""
        scores, labels = (np.stack(part) for part in zip(*results, strict=True))
        names = (self.dataset_meta or {}).get('classes') or range(labels.shape[1])
        report = evaluate_labels(scores, labels, [str(name) for name in names], self.threshold)
        if self.outfile is not None:
            self.outfile.parent.mkdir(parents=True, exist_ok=True)
            self.outfile.write_text(json.dumps(report, indent=1) + '\n', encoding='utf-8')
        metrics = {key: report[key] for key in ('mAP', 'precision', 'recall')}
        if self.classwise:
            known = [each for each in report['classes'] if each['AP'] is not None]
            metrics.update({f'AP/{each["name"]}': each['AP'] for each in known})
        return metrics


def evaluate_labels(
    scores: np.ndarray, labels: np.ndarray, names: Sequence[str], threshold: float = 0.5
) -> dict[str, Any]:
    """Scores (N, K) and labels bool (N, K) -> all results as plain numbers.

    Returns:
        ``mAP``; ``threshold``; ``clips``; ``precision`` and ``recall`` of all predictions whose
        score reaches the threshold; and ``classes``, a list of ``id``, ``name``, ``clips``,
        ``predicted``, and ``AP``, ``precision`` and ``recall``, each None where undefined.

    Raises:
        ValueError: No class has a clip.
    """
    if not labels.any():
        raise ValueError('no clip has a label')
    precisions = average_precisions(scores, labels)
    predicted = scores >= threshold
    hits = (predicted & labels).sum(0)
    rows = zip(names, precisions, labels.sum(0), predicted.sum(0), hits, strict=True)
    return {
        'mAP': float(np.nanmean(precisions)),
        'threshold': threshold,
        'clips': len(labels),
        'precision': _share(hits.sum(), predicted.sum()) or 0.0,
        'recall': _share(hits.sum(), labels.sum()),
        'classes': [
            {
                'id': number,
                'name': name,
                'clips': int(clips),
                'predicted': int(found),
                'AP': float(precision) if clips else None,
                'precision': _share(right, found),
                'recall': _share(right, clips),
            }
            for number, (name, precision, clips, found, right) in enumerate(rows)
        ],
    }


def average_precisions(scores: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Scores (N, K) and labels bool (N, K) -> average precision of each class (K,).

    The sum, over distinct scores in descending order, of the recall that a score adds times the
    precision of the clips with this score or a higher one.  NaN for a class without clips.
    """
    found = np.full(labels.shape[1], np.nan)
    for column in np.flatnonzero(labels.any(0)):
        order = np.argsort(-scores[:, column], kind='stable')
        ranked, right = scores[order, column], labels[order, column]
        last = np.append(ranked[1:] != ranked[:-1], True)  # the last of equal scores
        hits = np.cumsum(right)[last]
        precision = hits / (np.flatnonzero(last) + 1)
        found[column] = (np.diff(hits, prepend=0) * precision).sum() / hits[-1]
    return found


def _share(part: int, whole: int) -> float | None:
    return float(part / whole) if whole else None
