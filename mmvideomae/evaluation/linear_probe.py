"""Accuracy of several linear classifiers that were trained together."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from mmaction.evaluation import top_k_accuracy
from mmengine.evaluator import BaseMetric

from mmvideomae.evaluation.arrays import finite, name_of, to_numpy
from mmvideomae.registry import METRICS


@METRICS.register_module()
class LinearProbeMetric(BaseMetric):
    """Top-1 and top-5 accuracy of the classifiers of a `LinearProbeHead`, in [0, 1].

    ``acc/top1`` and ``acc/top5`` are those of the classifier that the model has chosen,
    ``acc/top1_lr0.1`` and so on those of each, ``acc/best_top1`` is the highest of them on the
    evaluated set and ``acc/best_probe`` the number of that classifier.

    Raises:
        ValueError: The model has no such head.
        NotFiniteError: The scores of a sample are not finite.
    """

    default_prefix = 'acc'

    def process(self, data_batch: Any, data_samples: Sequence[dict[str, Any]]) -> None:
        """Keep label and ranks of one batch."""
        for sample in data_samples:
            if 'probe_scores' not in sample:
                raise ValueError(
                    "LinearProbeMetric needs model.cls_head=dict(type='LinearProbeHead', ...); for "
                    "other heads use dict(type='AccMetric')"
                )
            scores = np.vstack([to_numpy(sample['pred_score']), to_numpy(sample['probe_scores'])])
            name = name_of(sample, len(self.results))
            self.results.append((int(sample['gt_label']), scores, sample['probe_names'], name))

    def compute_metrics(
        self, results: list[tuple[int, np.ndarray, list[str], str]]
    ) -> dict[str, float]:
        """Accuracies over all samples of all processes."""
        labels = [label for label, *_ in results]
        names = results[0][2]
        scores = np.stack(
            [finite(scores, f'scores of {name}') for _, scores, _, name in results], axis=1
        )  # (1 + L, samples, K)
        of_chosen = top_k_accuracy(scores[0], labels, (1, 5))
        top1 = [float(top_k_accuracy(each, labels, (1,))[0]) for each in scores[1:]]
        best = int(np.argmax(top1))
        return {
            'top1': float(of_chosen[0]),
            'top5': float(of_chosen[1]),
            **{f'top1_{name}': value for name, value in zip(names, top1, strict=True)},
            'best_top1': top1[best],
            'best_probe': best,
        }
