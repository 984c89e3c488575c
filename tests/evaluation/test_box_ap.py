"""Contract: AP of boxes is AVA's: each asks for the true box it overlaps most, which goes once."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmvideomae.evaluation.box_ap import BoxTable, box_average_precision

LEFT, RIGHT = (0.0, 0.0, 0.5, 1.0), (0.5, 0.0, 1.0, 1.0)


def table(frames: list[list[tuple[tuple[float, ...], list[float]]]], classes: int) -> BoxTable:
    """Of (box, values) for each frame."""
    return BoxTable.gather(
        (
            (
                np.array([box for box, _ in rows], float).reshape(-1, 4),
                np.array([values for _, values in rows], float).reshape(-1, classes),
            )
            for rows in frames
        ),
        classes,
    )


def iou(one: np.ndarray, other: np.ndarray) -> float:
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    shared = max(width, 0) * max(height, 0)
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (one, other)]
    return shared / (sum(areas) - shared) if sum(areas) > shared else 0.0


def slow_ap(predictions: BoxTable, truths: BoxTable, threshold: float, column: int) -> float:
    """The protocol word for word: one prediction after another, a curve, its area."""
    goals = np.flatnonzero(truths.values[:, column])
    busy = set(truths.frames[truths.values.any(1)].tolist())  # others are left out
    mine = [
        n
        for n in range(len(predictions))
        if predictions.values[n, column] > 0 and predictions.frames[n] in busy
    ]
    mine.sort(key=lambda n: -predictions.values[n, column])
    taken, hits = set(), []
    for n in mine:
        near = [goal for goal in goals if truths.frames[goal] == predictions.frames[n]]
        overlaps = [iou(predictions.boxes[n], truths.boxes[goal]) for goal in near]
        best = near[int(np.argmax(overlaps))] if near else None
        hits.append(best is not None and max(overlaps) >= threshold and best not in taken)
        if hits[-1]:
            taken.add(best)
    points = [
        (sum(hits[: n + 1]) / len(goals), sum(hits[: n + 1]) / (n + 1)) for n in range(len(hits))
    ]
    area, reached = 0.0, 0.0
    for recall in sorted({each for each, _ in points}):
        area += (recall - reached) * max(height for each, height in points if each >= recall)
        reached = recall
    return area


def test_a_toy_computed_by_hand() -> None:
    """Class 0: right, a duplicate, too far off, right: (1/1 + 2/4) / 2.  Class 1 is never
    predicted, class 2 never true, class 3 is found last of two: 1/2."""
    shifted, narrow = (0.05, 0.0, 0.5, 1.0), (0.5, 0.0, 0.7, 1.0)
    truths = table(
        [[(LEFT, [1, 1, 0, 0])], [(RIGHT, [1, 0, 0, 0]), (LEFT, [0, 0, 0, 1])]], classes=4
    )
    predictions = table(
        [
            [(LEFT, [0.9, 0, 0.5, 0.3]), (shifted, [0.8, 0, 0, 0])],
            [(narrow, [0.7, 0, 0, 0]), (RIGHT, [0.6, 0, 0.9, 0]), (LEFT, [0, 0, 0, 0.2])],
        ],
        classes=4,
    )
    found = box_average_precision(predictions, truths)
    np.testing.assert_allclose(found, [0.75, 0.0, np.nan, 0.5])


def test_a_prediction_does_not_turn_to_its_second_best_box() -> None:
    """Both ask for the left one, though the second reaches the other one, too."""
    truths = table([[((0, 0, 0.6, 1), [1]), ((0.2, 0, 0.8, 1), [1])]], classes=1)
    predictions = table([[((0, 0, 0.6, 1), [0.9]), ((0.09, 0, 0.69, 1), [0.8])]], classes=1)
    assert box_average_precision(predictions, truths, 0.5)[0] == 0.5


def test_what_is_found_where_nobody_is_annotated() -> None:
    truths = table([[], [(LEFT, [1, 0])]], classes=2)
    predictions = table([[(LEFT, [0.9, 0])], [(LEFT, [0.5, 0])]], classes=2)
    assert box_average_precision(predictions, truths)[0] == 0.5
    assert box_average_precision(predictions, truths, ignore_empty=True)[0] == 1


def test_only_scores_above_the_threshold_are_predictions() -> None:
    truths = table([[(LEFT, [1]), (RIGHT, [1])]], classes=1)
    predictions = table([[(LEFT, [0.3]), (RIGHT, [0.2])]], classes=1)
    assert box_average_precision(predictions, truths, score_threshold=0.1)[0] == 1
    assert box_average_precision(predictions, truths, score_threshold=0.2)[0] == 0.5
    absent = table([[(LEFT, [0.3]), (RIGHT, [-np.inf])]], classes=1)
    assert box_average_precision(absent, truths, score_threshold=-1)[0] == 0.5


@settings(max_examples=60)
@given(seed=st.integers(0, 2**32 - 1), threshold=st.sampled_from([0.2, 0.5, 1.0]))
def test_equals_the_protocol_word_for_word(seed: int, threshold: float) -> None:
    """Edges on a grid of eighths, so that overlaps tie and meet thresholds exactly."""
    rng = np.random.default_rng(seed)

    def drawn(frames: np.ndarray) -> np.ndarray:
        low = rng.integers(0, 5, (len(frames), 2))
        return np.concatenate([low, low + rng.integers(0, 4, (len(frames), 2))], 1) / 8

    rows = [np.sort(rng.integers(0, 4, rng.integers(1, 14))) for _ in range(2)]
    truths = BoxTable(rows[0], drawn(rows[0]), rng.uniform(size=(len(rows[0]), 3)) < 0.4)
    scores = rng.integers(0, 5, (len(rows[1]), 3)) / 4  # scores tie, too
    predictions = BoxTable(rows[1], drawn(rows[1]), scores)
    found = box_average_precision(predictions, truths, threshold, ignore_empty=True)
    for column in range(3):
        if truths.values[:, column].any():
            expected = slow_ap(predictions, truths, threshold, column)
            assert found[column] == pytest.approx(expected, abs=1e-12)
        else:
            assert np.isnan(found[column])


@pytest.mark.parametrize(('boxes', 'values', 'told'), [
    ([LEFT], [[0.5, np.nan]], 'must be finite'),
    ([(0, 0, np.inf, 1)], [[0.5, 0.5]], 'must be finite'),
    ([LEFT], [[0.5]], r'values of shape \(1, 2\)'),
    ([LEFT, RIGHT], [[0.5, 0.1]], r'values of shape \(2, 2\)'),
])  # fmt: skip
def test_what_cannot_be_evaluated_is_refused(boxes: list, values: list, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        BoxTable.gather([(np.array(boxes), np.array(values))], 2)


@pytest.mark.parametrize('threshold', [0, -0.5, 1.1])
def test_thresholds_out_of_range_are_refused(threshold: float) -> None:
    some = table([[(LEFT, [1])]], classes=1)
    with pytest.raises(ValueError, match='IoU threshold must lie in'):
        box_average_precision(some, some, threshold)
