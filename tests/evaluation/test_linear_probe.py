"""Every probe's accuracy is reported; the model does not choose the best one on the test set."""

import pytest
import torch

from mmvideomae.errors import NotFiniteError
from mmvideomae.evaluation import LinearProbeMetric


def test_accuracies_of_three_probes() -> None:
    labels = [0, 1, 2, 0]
    # Right answers of the probes: 1, 3 and 4 of 4.
    answers = [[0, 0, 0, 1], [0, 1, 2, 1], [0, 1, 2, 0]]
    metric = LinearProbeMetric()
    for number, label in enumerate(labels):
        scores = torch.stack([torch.eye(3)[answer[number]] for answer in answers])
        sample = {
            'gt_label': torch.tensor([label]),
            'probe_scores': scores,
            'pred_score': scores[1],
            'probe_names': ['lr0.1', 'lr1', 'lr10'],
        }
        metric.process(None, [sample])
    found = metric.evaluate(size=4)
    assert found['acc/top1'] == 0.75
    assert found['acc/best_top1'] == 1.0 and found['acc/best_probe'] == 2
    assert [found[f'acc/top1_{name}'] for name in ('lr0.1', 'lr1', 'lr10')] == [
        pytest.approx(value) for value in (0.25, 0.75, 1.0)
    ]


def test_another_head_is_refused_with_the_cure() -> None:
    sample = {'gt_label': torch.tensor([0]), 'pred_score': torch.zeros(3)}
    with pytest.raises(ValueError, match=r"LinearProbeHead.*'AccMetric'"):
        LinearProbeMetric().process(None, [sample])


def test_scores_that_are_not_finite_get_no_accuracy() -> None:
    metric = LinearProbeMetric()
    for name, value in (('a.mp4', 0.0), ('b.mp4', float('nan'))):
        scores = torch.tensor([[1, value]])
        sample = {'gt_label': torch.tensor([0]), 'pred_score': scores[0], 'probe_scores': scores}
        metric.process(None, [{**sample, 'probe_names': ['lr1'], 'filename': name}])
    with pytest.raises(NotFiniteError, match=r"scores of video 'b\.mp4'"):
        metric.evaluate(2)
