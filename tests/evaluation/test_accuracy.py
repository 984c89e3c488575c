"""Undecodable videos count as wrong in their class; classes without videos are ignored."""

from typing import Any

import pytest
import torch
from mmengine.registry import DefaultScope

from mmvideomae.errors import NotFiniteError
from mmvideomae.evaluation import AccMetric
from mmvideomae.registry import METRICS

K = 4


def evaluated(labels: list[int], answers: list[int]) -> dict[str, float]:
    with DefaultScope.overwrite_default_scope('mmvideomae'):
        metric: Any = METRICS.build({'type': 'AccMetric'})
    assert isinstance(metric, AccMetric)
    for label, answer in zip(labels, answers, strict=True):
        sample = {'pred_score': torch.eye(K)[answer], 'gt_label': torch.tensor([label])}
        metric.process(None, [sample])
    return metric.evaluate(size=len(labels))


@pytest.mark.parametrize('lost', range(K))
def test_an_undecodable_video_is_wrong_in_its_class(lost: int) -> None:
    classes = [0, 1, 2, 3] * 5
    labels = [-1 - c if n == lost else c for n, c in enumerate(classes)]
    found = evaluated(labels, classes)
    assert found['acc/top1'] == found['acc/top5'] == pytest.approx(19 / 20)
    assert found['acc/mean1'] == pytest.approx((3 + 4 / 5) / 4)


def test_a_class_without_videos_does_not_count() -> None:
    found = evaluated([0, 0, 1, 1], [0, 3, 1, 1])
    assert found['acc/mean1'] == pytest.approx((1 / 2 + 1) / 2)
    assert evaluated([0, 2, 2, 2], [0, 2, 2, 0])['acc/mean1'] == pytest.approx((1 + 2 / 3) / 2)


def test_samples_without_labels_are_refused() -> None:
    with pytest.raises(ValueError, match='labelled=True'):
        AccMetric().process(None, [{'pred_score': torch.eye(K)[0]}])


@pytest.mark.parametrize('value', [float('nan'), float('inf')])
@pytest.mark.parametrize('metrics', [('top_k_accuracy',), ('mean_average_precision',)])
def test_scores_that_are_not_finite_get_no_accuracy(value: float, metrics: tuple[str, ...]) -> None:
    """The largest of them would be anything, such as the right class."""
    with DefaultScope.overwrite_default_scope('mmvideomae'):
        metric: Any = METRICS.build({'type': 'AccMetric', 'metric_list': metrics})
    label = torch.tensor([0]) if metrics == ('top_k_accuracy',) else torch.tensor([1, 0])
    for name, score in (('a.mp4', 0.0), ('b.mp4', value)):
        sample = {'pred_score': torch.tensor([score, 0]), 'gt_label': label, 'filename': name}
        metric.process(None, [sample])
    with pytest.raises(NotFiniteError, match=r"scores of video 'b\.mp4' are not finite"):
        metric.evaluate(2)
