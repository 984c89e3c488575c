"""Subsets are stratified, nested for one seed, and drawn like those of few_labels."""

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmvideomae.formats.annotations import AnnotationError
from mmvideomae.preparation.lists.few_labels import few_labels
from mmvideomae.preparation.lists.subset import (
    choose,
    class_orders,
    number_of_each,
    read_lines,
    share,
)

labels = st.lists(st.integers(0, 5), min_size=1, max_size=120)
fractions = st.floats(0.001, 1)


@given(labels, fractions, fractions, st.integers(0, 99))
def test_shares_are_stratified_and_nested(
    given_labels: list[int], one: float, other: float, seed: int
) -> None:
    small, large = (choose(given_labels, share(f), seed) for f in sorted((one, other)))
    assert set(small) <= set(large)
    assert small == sorted(set(small)) and set(large) <= set(range(len(given_labels)))
    of_all, of_small = Counter(given_labels), Counter(given_labels[n] for n in small)
    for label, size in of_all.items():
        assert of_small[label] >= 1
        assert abs(of_small[label] - min(one, other) * size) <= (
            0.5 if min(one, other) * size >= 0.5 else 1
        )
    assert choose(given_labels, share(1), seed) == list(range(len(given_labels)))
    assert small == choose(given_labels, share(min(one, other)), seed)


@given(st.integers(1, 8), st.integers(0, 99))
def test_numbers_are_equal_nested_and_those_of_few_labels(each: int, seed: int) -> None:
    of_lines = [n % 3 for n in range(24)]
    lines = [f'clip {n}.mp4 {label}' for n, label in enumerate(of_lines)]
    chosen = choose(of_lines, number_of_each(each, of_lines), seed)
    assert Counter(of_lines[n] for n in chosen) == dict.fromkeys(range(3), each)
    assert {lines[n] for n in chosen} == set(few_labels(lines, 3 * each, seed))
    if each > 1:
        assert set(choose(of_lines, number_of_each(each - 1, of_lines), seed)) < set(chosen)


def test_seeds_choose_differently() -> None:
    of_lines = [n % 2 for n in range(40)]
    assert len({tuple(choose(of_lines, share(0.25), seed)) for seed in range(5)}) == 5


def test_lists_without_labels_are_one_class() -> None:
    assert set(class_orders([None] * 4)) == {None}
    assert len(choose([None] * 40, share(0.25))) == 10


@pytest.mark.parametrize('fraction', [0, -0.5, 1.01, float('nan')])
def test_shares_that_are_none(fraction: float) -> None:
    with pytest.raises(ValueError, match='above 0 and at most 1'):
        share(fraction)


def test_numbers_that_no_class_has() -> None:
    with pytest.raises(ValueError, match='1 of 2 classes have fewer; class 7 has 1'):
        number_of_each(2, [3, 3, 7])
    with pytest.raises(ValueError, match='at least one clip'):
        number_of_each(0, [3])
    with pytest.raises(ValueError, match='needs a list with labels'):
        number_of_each(1, [3, None])


def test_lines_are_kept_as_they_are(tmp_path: Path) -> None:
    path = tmp_path / 'list.csv'
    path.write_text('# a comment\n"a b.mp4" 3\n\nc.mp4,1\r\n  d/e.mp4   0 \n')
    assert read_lines(path) == (['"a b.mp4" 3', 'c.mp4,1', 'd/e.mp4   0'], [3, 1, 0])
    path.write_text('one 30 5\ntwo 40 6\n')
    assert read_lines(path, 'path total label')[1] == [5, 6]
    assert read_lines(path)[1] == [None, None]  # start and total, as the data set reads it
    path.write_text('a.mp4 1\nb c.mp4 x\n')
    with pytest.raises(AnnotationError, match=r'list.csv:2: .*integers'):
        read_lines(path)
    path.write_text('# nothing\n')
    with pytest.raises(AnnotationError, match='names no video'):
        read_lines(path)


@pytest.mark.parametrize('lines', ['path,label\na.mp4,0\n', 'a.mp4 1\nb.mp4 1 2\n', 'a 0\nb\n'])
def test_headers_and_lists_of_several_labels_are_refused(tmp_path: Path, lines: str) -> None:
    (tmp_path / 'list.csv').write_text(lines)
    with pytest.raises(AnnotationError, match=r'list\.csv:2: all lines must have one label, or'):
        read_lines(tmp_path / 'list.csv')
