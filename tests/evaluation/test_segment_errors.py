"""Contract: every prediction has one kind of error, by the first rule that applies."""

import numpy as np
import pytest

from mmvideomae.evaluation.segment_errors import KINDS, break_down_errors
from mmvideomae.evaluation.segment_matching import SegmentTable


def table(rows: list[tuple[float, float, int, float]]) -> SegmentTable:
    columns = np.array(rows).reshape(-1, 4)
    return SegmentTable.gather([(columns[:, :2], columns[:, 2].astype(int), columns[:, 3])])


TRUTHS = table([(0, 10, 0, 1), (20, 30, 1, 1), (40, 44, 0, 1), (60, 90, 1, 1)])


@pytest.mark.parametrize(
    ('segment', 'label', 'kind'),
    [
        ((0, 9), 0, 'correct'),
        ((0, 8), 0, 'duplicate'),  # behind a better one
        ((20, 30), 0, 'classification'),
        ((4, 14), 0, 'localisation'),
        ((50, 55), 0, 'background'),
        ((35, 45), 1, 'background'),  # on another class, not well enough
        ((24, 36), 0, 'background'),
    ],
)
def test_kinds(segment: tuple[float, float], label: int, kind: str) -> None:
    better = [(0, 10, 0, 0.9)] if kind == 'duplicate' else []
    errors = break_down_errors(table([*better, (*segment, label, 0.5)]), TRUTHS, 2)
    counts = errors.counts()
    assert counts[kind] == 1
    assert counts['missed'] == len(TRUTHS) - counts['correct']


def test_a_segment_close_to_two_classes_is_first_what_it_says() -> None:
    truths = table([(0, 10, 0, 1), (1, 10, 1, 1)])
    assert break_down_errors(table([(0, 10, 1, 1)]), truths, 2).counts()['correct'] == 1
    # Badly placed for its own class and well for the other: the class is what is wrong.
    truths = table([(0, 10, 0, 1), (4, 14, 1, 1)])
    assert break_down_errors(table([(4, 14, 0, 1)]), truths, 2).counts()['classification'] == 1


def test_every_prediction_within_the_ranks_is_counted_once() -> None:
    rng = np.random.default_rng(0)
    starts = rng.uniform(0, 100, 200)
    rows = np.stack(
        [starts, starts + rng.uniform(1, 20, 200), np.arange(200) % 2, rng.uniform(size=200)], 1
    )
    errors = break_down_errors(table(rows.tolist()), TRUTHS, 2, ranks=10)
    # Two true segments of each class: two predictions of each in every row.
    assert errors.profile.shape == (10, len(KINDS))
    assert (errors.profile.sum(1) == 4).all()
    assert errors.counts(10)['correct'] == len(TRUTHS) - errors.missed.sum()
    assert errors.missed.sum() == errors.missed_by_length.sum()
    assert errors.truths_by_length.sum() == len(TRUTHS)


def test_missed_segments_are_told_by_class_and_length() -> None:
    predictions = table([(20, 30, 1, 1), (60, 90, 1, 0.9)])
    errors = break_down_errors(predictions, TRUTHS, 2)
    assert errors.missed.tolist() == [2, 0]
    assert errors.lengths[[0, -1]].tolist() == [4, 30]
    assert errors.missed_by_length[0] == 1 and errors.missed_by_length[-1] == 0


def test_impossible_settings_are_refused() -> None:
    with pytest.raises(ValueError, match='background_iou < iou_threshold'):
        break_down_errors(TRUTHS, TRUTHS, 2, iou_threshold=0.1, background_iou=0.5)
    with pytest.raises(ValueError, match='no true segments'):
        break_down_errors(TRUTHS, table([]), 2)
