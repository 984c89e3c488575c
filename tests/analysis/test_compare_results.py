"""Contract: two classifiers are compared on the same clips; figures follow their definitions."""

import csv
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmvideomae.analysis.compare_results import (
    compare_results,
    confusion,
    mcnemar,
    paired_interval,
    top_k,
    with_labels,
)
from mmvideomae.formats.result_files import Results


def results(predicted: list[int], labels: list[int], classes: int = 3) -> Results:
    """Scores whose best class is the one predicted."""
    scores = np.full((len(predicted), classes), 0.1, np.float32)
    scores[np.arange(len(predicted)), predicted] = 0.8
    return Results(scores, np.array(labels))


LABELS = [0, 0, 0, 0, 1, 1]


def test_figures_of_a_small_case(tmp_path: Path) -> None:
    first = results([0, 0, 1, 1, 1, 0], LABELS)
    second = results([0, 0, 0, 1, 0, 0], LABELS)
    found = compare_results(first, second, ['a', 'b', 'c'])
    assert found.first.top1 == found.second.top1 == 0.5
    assert found.first.mean_class == (0.5 + 0.5) / 2 and found.second.mean_class == 0.75 / 2
    assert found.first.top5 == 1.0  # of three classes
    assert (found.only_first, found.only_second, found.p_value) == (1, 1, 1.0)
    assert [(one.name, one.clips, one.gain) for one in found.classes] == [
        ('a', 4, 0.25),
        ('b', 2, -0.5),
    ]
    np.testing.assert_array_equal(found.confusions[0], [[0.5, 0.5, 0], [0.5, 0.5, 0], [0, 0, 0]])
    with found.save_csv(tmp_path / 'c.csv').open() as file:
        rows = list(csv.DictReader(file))
    assert [row['class'] for row in rows] == ['a', 'b']
    assert rows[1]['accuracy_a'] == '0.500000' and rows[1]['gain'] == '-0.500000'
    assert rows[1]['mistaken_for_b'] == 'a'
    assert set(found.as_json()) >= {'clips', 'first', 'second', 'gain', 'interval', 'p_value'}


@given(st.integers(1, 40), st.integers(2, 6), st.integers(0, 99))
def test_figures_equal_the_definitions(clips: int, classes: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    labels = rng.integers(-1, classes, clips)
    labels[0] = 0
    pair = [Results(rng.random((clips, classes), np.float32), labels) for _ in range(2)]
    found = compare_results(*pair)
    for one, told, shares in zip(pair, (found.first, found.second), found.confusions, strict=True):
        right = [row.argmax() == label for row, label in zip(one.scores, labels, strict=True)]
        assert told.top1 == pytest.approx(np.mean(right))
        by_class = [
            np.mean([r for r, label in zip(right, labels, strict=True) if label == number])
            for number in range(classes)
            if number in labels
        ]
        assert told.mean_class == pytest.approx(np.mean(by_class))
        np.testing.assert_allclose(shares.sum(1), [float(n in labels) for n in range(classes)])
    gain = found.second.top1 - found.first.top1
    assert (found.only_second - found.only_first) / clips == pytest.approx(gain)
    assert found.interval[0] <= gain + 1e-9 and gain <= found.interval[1] + 1e-9
    assert sorted(one.class_id for one in found.classes) == sorted(
        set(labels[labels >= 0].tolist())
    )


def test_top_k_counts_equal_scores_in_order() -> None:
    scores = np.array([[0.5, 0.5, 0.0], [0.2, 0.3, 0.5]])
    assert [top_k(scores, np.array([1, 0]), k) for k in (1, 2, 3)] == [0, 0.5, 1.0]


def test_unlabelled_clips_are_wrong_and_of_no_class() -> None:
    one = results([0, 1], [0, -1])
    found = compare_results(one, one)
    assert found.first.top1 == 0.5 and found.first.mean_class == 1.0
    assert confusion(one.scores, one.labels).sum() == 1


@given(st.integers(0, 30), st.integers(0, 30))
def test_mcnemar_is_the_two_sided_binomial_test(first: int, second: int) -> None:
    number, rare = first + second, min(first, second)
    tail = sum(math.comb(number, k) for k in range(rare + 1)) / 2**number
    assert mcnemar(first, second) == pytest.approx(min(1.0, 2 * tail))


def test_mcnemar_of_many_clips() -> None:
    assert mcnemar(10_000, 10_000) == 1.0 and mcnemar(9_000, 11_000) < 1e-40
    assert 0 <= mcnemar(0, 20_000) < 1e-300


def test_interval_covers_as_often_as_it_says() -> None:
    """Two classifiers that are right with 0.6 and 0.65, and right together with 0.5."""
    rng, hits = np.random.default_rng(0), 0
    for _ in range(400):
        only_first, only_second = rng.multinomial(500, [0.1, 0.15, 0.75])[:2]
        low, high = paired_interval(int(only_first), int(only_second), 500)
        hits += low <= 0.05 <= high
    assert 0.92 <= hits / 400 <= 0.98


def test_labels_of_a_list(tmp_path: Path) -> None:
    (tmp_path / 'l.csv').write_text('a.mp4 1\nb.mp4 2\n')
    bare = results([1, 0], [-1, 2])
    assert with_labels(bare, tmp_path / 'l.csv').labels.tolist() == [1, 2]
    for labels, told in (([0, 2], 'gives video 1 the label 1'), ([1, 2, 0], 'lists 2 videos')):
        with pytest.raises(ValueError, match=told):
            with_labels(results([0] * len(labels), labels), tmp_path / 'l.csv')


@pytest.mark.parametrize(('first', 'second', 'names', 'told'), [
    (results([0], [0]), results([0, 1], [0, 1]), (), '1 videos and 3 classes against 2 videos'),
    (results([0], [0]), results([0], [0], 4), (), '1 videos and 4 classes'),
    (results([0, 1], [0, 1]), results([0, 1], [0, 2]), (), 'video 2 has labels 1 and 2'),
    (results([0], [-1]), results([0], [-1]), (), '--annotations'),
    (results([0], [3]), results([0], [3]), (), 'label 3, but results have 3 classes'),
    (results([0], [0]), results([0], [0]), ['a'], '1 class names, but 3 classes'),
])  # fmt: skip
def test_what_cannot_be_compared_is_said(
    first: Results, second: Results, names: list[str], told: str
) -> None:
    with pytest.raises(ValueError, match=told):
        compare_results(first, second, names)


def test_videos_must_be_the_same_whatever_their_folder() -> None:
    one = results([0], [0])
    named = [Results(one.scores, one.labels, (name,)) for name in ('x/a.mp4', 'y/a.mp4', 'x/b.mp4')]
    assert compare_results(named[0], named[1]).clips == 1
    with pytest.raises(ValueError, match=r'video 1 is x/a\.mp4 and x/b\.mp4'):
        compare_results(named[0], named[2])
