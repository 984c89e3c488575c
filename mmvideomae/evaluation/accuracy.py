"""Accuracy, also averaged over classes, in which no video is ignored."""

from typing import Any

import numpy as np
from mmaction.evaluation.metrics import AccMetric as MMActionAccMetric

from mmvideomae.evaluation.arrays import finite, name_of
from mmvideomae.registry import METRICS


@METRICS.register_module()
class AccMetric(MMActionAccMetric):
    """mmaction2's ``AccMetric`` with another mean class accuracy, ``acc/mean1``.

    In mmaction2, a class without videos lowers the mean as if all of its videos were wrong as
    soon as it is predicted once; so does the class -1 of videos that could not be decoded.
    Here the mean is over the classes that have videos, and a video that could not be decoded
    (`VideoListDataset` gives it the label ``-1 - class``) counts as a wrong one of its class.

    Raises:
        ValueError: A sample has no label.
        NotFiniteError: The scores of a sample are not finite, so the largest is undefined.
    """

    @property
    def multi_class(self) -> bool:
        """Whether clips need several labels, for mmaction2's mean average precisions."""
        return all('average_precision' in name for name in self.metrics)

    def process(self, data_batch: Any, data_samples: Any) -> None:
        """Keep scores and labels of one batch."""
        if not all('gt_label' in sample for sample in data_samples):
            raise ValueError('accuracy needs labels: set labelled=True in the data set')
        before = len(self.results)
        super().process(data_batch, data_samples)
        for number, sample in enumerate(data_samples, before):
            self.results[number]['name'] = name_of(sample, number)

    def compute_metrics(self, results: list[dict[str, Any]]) -> dict[str, float]:
        """Accuracies of all samples of all processes."""
        for each in results:
            scores = each['pred']
            for values in scores.values() if isinstance(scores, dict) else (scores,):
                finite(values, f'scores of {each["name"]}')
        return super().compute_metrics(results)

    def calculate(
        self, preds: list[np.ndarray], labels: list[int | np.ndarray]
    ) -> dict[str, float]:
        """Accuracies of scores (N, K) and labels (N,)."""
        found = super().calculate(preds, labels)
        if 'mean1' in found:
            found['mean1'] = mean_class_accuracy(np.stack(preds), np.array(labels))
        return found


def mean_class_accuracy(scores: np.ndarray, labels: np.ndarray) -> float:
    """Scores (N, K), labels (N,) -> mean share of correct answers over classes with videos.

    A label ``-1 - c`` belongs to class c and counts as wrong.
    """
    right = scores.argmax(1) == labels
    owners = np.where(labels < 0, -1 - labels, labels)
    videos, hits = np.bincount(owners), np.bincount(owners, right)
    there = videos > 0
    return float((hits[there] / videos[there]).mean())
