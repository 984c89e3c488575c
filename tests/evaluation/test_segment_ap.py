"""Contract: AP and recall are ActivityNet's, ties and duplicates included."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmvideomae.evaluation.segment_ap import interpolated_ap, recall_at, segment_average_precision
from mmvideomae.evaluation.segment_matching import SegmentTable

THRESHOLDS = (0.3, 0.4, 0.5, 0.6, 0.7)


def iou(one: np.ndarray, other: np.ndarray) -> float:
    inter = max(0.0, min(one[1], other[1]) - max(one[0], other[0]))
    union = (one[1] - one[0]) + (other[1] - other[0]) - inter
    return inter / union


def slow_ap(predictions: SegmentTable, truths: SegmentTable, threshold: float, label: int) -> float:
    """The protocol word for word: one prediction after another, a curve, its area."""
    mine = [n for n in range(len(predictions)) if predictions.labels[n] == label]
    mine.sort(key=lambda n: -predictions.scores[n])
    goals = [n for n in range(len(truths)) if truths.labels[n] == label]
    if not goals:
        return float('nan')
    locked, hits = set(), []
    for n in mine:
        near = [g for g in goals if truths.videos[g] == predictions.videos[n]]
        near.sort(key=lambda g: -iou(predictions.segments[n], truths.segments[g]))
        hit = False
        for g in near:
            if iou(predictions.segments[n], truths.segments[g]) < threshold:
                break
            if g not in locked:
                locked.add(g)
                hit = True
                break
        hits.append(hit)
    recall, precision = [0.0], [0.0]
    for n in range(len(hits)):
        recall.append(sum(hits[: n + 1]) / len(goals))
        precision.append(sum(hits[: n + 1]) / (n + 1))
    recall.append(1.0)
    precision.append(0.0)
    for n in range(len(precision) - 2, -1, -1):
        precision[n] = max(precision[n], precision[n + 1])
    steps = zip(recall, recall[1:], precision[1:], strict=False)
    return sum((after - before) * height for before, after, height in steps)


def slow_recall(
    predictions: SegmentTable, truths: SegmentTable, threshold: float, label: int, multiple: int
) -> float:
    reached = total = 0
    for video in set(truths.videos.tolist()):
        goals = truths.rows((truths.videos == video) & (truths.labels == label)).segments
        mine = predictions.rows((predictions.videos == video) & (predictions.labels == label))
        order = sorted(range(len(mine)), key=lambda n: -mine.scores[n])[: multiple * len(goals)]
        total += len(goals)
        reached += sum(any(iou(mine.segments[n], g) >= threshold for n in order) for g in goals)
    return reached / total if total else float('nan')


def random_tables(seed: int, videos: int = 4, classes: int = 3) -> tuple[SegmentTable, ...]:
    """Few distinct times and scores, so that ties and duplicates abound."""
    rng = np.random.default_rng(seed)

    def table(most: int) -> SegmentTable:
        parts = []
        for _ in range(videos):
            count = int(rng.integers(0, most + 1))
            starts = rng.integers(0, 12, count).astype(float)
            segments = np.stack([starts, starts + rng.integers(1, 6, count)], 1)
            labels = rng.integers(0, classes, count)
            parts.append((segments, labels, rng.integers(0, 5, count) / 4))
        return SegmentTable.gather(parts)

    return table(25), table(6)


@settings(max_examples=60)
@given(st.integers(0, 10**6))
def test_it_equals_the_protocol_word_for_word(seed: int) -> None:
    predictions, truths = random_tables(seed)
    if not len(truths):
        return
    found = segment_average_precision(predictions, truths, THRESHOLDS, 3)
    wanted = [[slow_ap(predictions, truths, t, label) for label in range(3)] for t in THRESHOLDS]
    np.testing.assert_allclose(found, wanted, atol=1e-12)
    recalls = recall_at(predictions, truths, THRESHOLDS, 3, (1, 2))
    slow = [
        [[slow_recall(predictions, truths, t, label, k) for label in range(3)] for k in (1, 2)]
        for t in THRESHOLDS
    ]
    np.testing.assert_allclose(recalls, slow, atol=1e-12)


def test_values_by_hand() -> None:
    truths = SegmentTable.gather([(np.array([[0.0, 10], [20, 30]]), np.array([0, 0]), None)])
    segments = np.array([[0.0, 10], [0, 10], [20, 26], [50, 60]])
    predictions = SegmentTable.gather([(segments, np.zeros(4), np.array([0.9, 0.8, 0.7, 0.6]))])
    # right, duplicate, IoU 0.6, background
    found = segment_average_precision(predictions, truths, (0.5, 0.7), 2)
    assert found[:, 0].tolist() == pytest.approx([0.5 * 1 + 0.5 * 2 / 3, 0.5])
    assert np.isnan(found[:, 1]).all()
    # Two kept at 1x: the first true segment alone; four at 2x.
    recalls = recall_at(predictions, truths, (0.5, 0.7), 2, (1, 2))
    assert recalls[..., 0].tolist() == [[0.5, 1.0], [0.5, 0.5]]


def test_a_perfect_detector_and_an_empty_one() -> None:
    truths = SegmentTable.gather(
        [(np.array([[0.0, 1], [2, 4]]), np.array([0, 1]), None), (np.zeros((0, 2)), [], None)]
    )
    perfect = SegmentTable.gather(
        [(truths.segments, truths.labels, np.ones(2)), (np.zeros((0, 2)), [], [])]
    )
    assert segment_average_precision(perfect, truths, (0.95,), 2).tolist() == [[1, 1]]
    empty = SegmentTable.gather([(np.zeros((0, 2)), [], []), (np.zeros((0, 2)), [], [])])
    assert segment_average_precision(empty, truths, (0.5,), 2).tolist() == [[0, 0]]
    assert recall_at(empty, truths, (0.5,), 2, (1,)).tolist() == [[[0, 0]]]
    assert interpolated_ap(np.array([False, True]), 1) == 0.5


def test_a_false_alarm_in_a_video_without_segments_costs() -> None:
    one = np.array([[0.0, 1]])
    truths = SegmentTable.gather([(one, [0], None), (np.zeros((0, 2)), [], None)])
    predictions = SegmentTable.gather([(one, [0], [0.5]), (one, [0], [0.9])])
    assert segment_average_precision(predictions, truths, (0.5,), 1).tolist() == [[0.5]]


@pytest.mark.parametrize(
    ('thresholds', 'labels', 'message'),
    [
        ((), [0], 'thresholds'),
        ((0.0,), [0], 'thresholds'),
        ((0.5,), [3], 'label 3 is outside 0..1'),
    ],
)
def test_what_cannot_be_evaluated_is_refused(
    thresholds: tuple[float, ...], labels: list[int], message: str
) -> None:
    one = np.array([[0.0, 1]])
    truths = SegmentTable.gather([(one, [0], None)])
    predictions = SegmentTable.gather([(one, labels, [0.5])])
    with pytest.raises(ValueError, match=message):
        segment_average_precision(predictions, truths, thresholds, 2)


def test_scores_that_are_not_numbers_and_no_truth_are_refused() -> None:
    one = np.array([[0.0, 1]])
    with pytest.raises(ValueError, match='finite'):
        SegmentTable.gather([(one, [0], [float('nan')])])
    predictions = SegmentTable.gather([(one, [0], [0.5])])
    with pytest.raises(ValueError, match='no true segments'):
        segment_average_precision(predictions, SegmentTable.gather([]), (0.5,), 1)


def test_it_equals_the_protocol_on_hundreds_of_predictions_and_duplicates() -> None:
    rng = np.random.default_rng(0)

    def table(count: int) -> SegmentTable:
        starts = rng.uniform(0, 60, count)
        segments = np.stack([starts, starts + rng.lognormal(1, 0.7, count)], 1)
        segments[count // 2 :: 3] = segments[: len(segments[count // 2 :: 3])]
        labels, scores = rng.integers(0, 4, count), rng.uniform(size=count).round(2)
        return SegmentTable(rng.integers(0, 3, count), segments, labels, scores)

    predictions, truths = table(600), table(60)
    found = segment_average_precision(predictions, truths, THRESHOLDS, 4)
    wanted = [[slow_ap(predictions, truths, t, label) for label in range(4)] for t in THRESHOLDS]
    np.testing.assert_allclose(found, wanted, atol=1e-12)
    assert found.min() > 0
