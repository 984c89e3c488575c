"""Contract: of overlapping detections the best are kept, according to the settings."""

import math

import numpy as np
import pytest

from mmvideomae.ops.detections import Detections, Suppression, suppress


def overlapping() -> Detections:
    segments = np.array([[0.0, 10.0], [0.0, 9.0], [0.0, 10.0], [20.0, 30.0]])
    return Detections(segments, np.array([0.9, 0.8, 0.7, 0.6]), np.array([0, 0, 1, 1]))


def test_suppression_is_within_classes_or_over_all() -> None:
    hard = {'method': 'hard', 'iou_threshold': 0.5}
    within = suppress(overlapping(), Suppression(**hard))
    assert within.scores.tolist() == [0.9, 0.7, 0.6]
    over_all = suppress(overlapping(), Suppression(**hard, class_agnostic=True))
    assert over_all.scores.tolist() == [0.9, 0.6]
    assert over_all.labels.tolist() == [0, 1]
    assert len(suppress(overlapping(), Suppression(method='none')).scores) == 4


@pytest.mark.parametrize('method', ['gaussian', 'linear'])
def test_soft_suppression_lowers_scores_and_keeps_the_order(method: str) -> None:
    found = suppress(overlapping(), Suppression(method=method, max_segments=3))
    assert len(found.scores) == 3 and (np.diff(found.scores) <= 0).all()
    iou = 9 / 10
    weight = math.exp(-(iou**2) / 0.5) if method == 'gaussian' else 1 - iou
    everything = suppress(overlapping(), Suppression(method=method, max_segments=9))
    lowered = everything.scores[(everything.segments[:, 1] == 9)]
    assert lowered.tolist() == pytest.approx([0.8 * weight], rel=1e-4)


def test_voting_draws_segments_of_a_class_together() -> None:
    settings = Suppression(method='hard', iou_threshold=0.5, voting_thresh=0.7)
    found = suppress(overlapping(), settings)
    weights = 0.9, 0.8 * 0.9
    expected = (weights[0] * 10 + weights[1] * 9) / sum(weights)
    assert found.segments[:, 1].tolist() == pytest.approx([expected, 10, 30], abs=1e-5)


def test_nothing_found_is_no_segments() -> None:
    empty = Detections(np.zeros((0, 2)), np.zeros(0), np.zeros(0, int))
    for method in ('gaussian', 'linear', 'hard', 'none'):
        for voting in (None, 0.7):
            settings = Suppression(method=method, voting_thresh=voting)
            assert suppress(empty, settings).segments.shape == (0, 2)


def test_parts_of_a_video_are_joined_in_order() -> None:
    one, other = overlapping(), overlapping().best(1)
    joined = Detections.joined([one, other])
    assert joined.scores.tolist() == [*one.scores, 0.9] and joined.segments.shape == (5, 2)
    assert suppress(joined, Suppression(method='hard')).scores.tolist() == [0.9, 0.7, 0.6]


def test_an_unknown_method_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown NMS method 'cubic'"):
        Suppression(method='cubic')
