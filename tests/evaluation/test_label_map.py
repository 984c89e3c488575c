"""Mean average precision of clips with several labels equals scikit-learn's; no clip is ignored."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from mmvideomae.errors import NotFiniteError
from mmvideomae.evaluation import MultiLabelMAP
from mmvideomae.evaluation.label_map import average_precisions, evaluate_labels


def restated(scores: np.ndarray, labels: np.ndarray) -> float:
    """The sum over thresholds, one after another, of precision times added recall."""
    total, before = 0.0, 0.0
    for threshold in sorted(set(scores.tolist()), reverse=True):
        chosen = scores >= threshold
        recall = labels[chosen].sum() / labels.sum()
        total += (recall - before) * labels[chosen].mean()
        before = recall
    return total


clips = st.lists(st.tuples(st.integers(0, 6), st.booleans()), min_size=1, max_size=40)


@given(clips)
def test_average_precision_is_the_step_sum_with_ties(found: list[tuple[int, bool]]) -> None:
    scores = np.array([[score / 6] for score, _ in found])
    labels = np.array([[label] for _, label in found])
    value = average_precisions(scores, labels)[0]
    if not labels.any():
        assert np.isnan(value)
        return
    assert value == pytest.approx(restated(scores[:, 0], labels[:, 0]))


def test_it_equals_scikit_learn_and_mmaction2() -> None:
    reference = pytest.importorskip('sklearn.metrics').average_precision_score
    from mmaction.evaluation import mean_average_precision

    rng = np.random.default_rng(0)
    scores, labels = rng.random((200, 7)).round(2), rng.random((200, 7)) < 0.2
    found = average_precisions(scores, labels)
    expected = [reference(labels[:, k], scores[:, k]) for k in range(7)]
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    theirs = mean_average_precision(list(scores), list(labels.astype(int)))
    assert found.mean() == pytest.approx(theirs)


def sample(scores: list[float], labels: list[int], **more: Any) -> dict[str, Any]:
    label = torch.tensor(labels, dtype=torch.float32)
    return {'pred_score': torch.tensor(scores), 'gt_label': label, **more}


def test_the_report_has_each_class(tmp_path: Path) -> None:
    metric = MultiLabelMAP(classwise=True, outfile=tmp_path / 'a' / 'report.json')
    metric.dataset_meta = {'classes': ('run', 'jump', 'eat')}
    metric.process(None, [sample([0.9, 0.6, 0.1], [1, 1, 0]), sample([0.8, 0.4, 0.2], [0, 1, 0])])
    found = metric.evaluate(2)
    assert found == {
        'label/mAP': 1.0,
        'label/precision': pytest.approx(2 / 3),
        'label/recall': pytest.approx(2 / 3),
        'label/AP/run': 1.0,
        'label/AP/jump': 1.0,
    }
    report = json.loads((tmp_path / 'a' / 'report.json').read_text())
    assert [each['clips'] for each in report['classes']] == [1, 2, 0]
    assert [each['predicted'] for each in report['classes']] == [2, 1, 0]
    assert [each['precision'] for each in report['classes']] == [0.5, 1.0, None]
    assert report['classes'][2]['AP'] is None and report['clips'] == 2


def test_an_undecodable_clip_is_found_in_none_of_its_classes() -> None:
    metric = MultiLabelMAP()
    metric.process(None, [sample([0.9, 0.9], [1, 1], undecodable=True)])
    metric.process(None, [sample([0.2, 0.1], [1, 0]), sample([0.1, 0.2], [0, 0])])
    found = metric.evaluate(3)
    # Class 0: right, wrong, right; class 1: wrong, wrong, right.
    assert found['label/mAP'] == pytest.approx(((1 + 2 / 3) / 2 + 1 / 3) / 2)


@pytest.mark.parametrize(
    ('bad', 'message'),
    [
        ({'gt_label': torch.tensor([1])}, 'multi_class=True'),
        ({'gt_label': torch.tensor([0, 1])}, 'multi_class=True'),
        ({'pred_score': torch.zeros(5, 2)}, 'average_clips'),
    ],
)
def test_samples_of_another_kind_are_refused(bad: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        MultiLabelMAP().process(None, [{**sample([0.5, 0.5], [0, 1]), **bad}])


def test_scores_that_are_not_finite_are_refused() -> None:
    with pytest.raises(NotFiniteError, match=r"video 'a\.mp4'"):
        MultiLabelMAP().process(None, [sample([np.nan, 0.5], [0, 1], filename='a.mp4')])


def test_nothing_to_find_is_an_error() -> None:
    with pytest.raises(ValueError, match='no clip has a label'):
        evaluate_labels(np.zeros((2, 2)), np.zeros((2, 2), bool), ['a', 'b'])
    with pytest.raises(ValueError, match=r'\.json'):
        MultiLabelMAP(outfile='report.txt')
