"""Few labels are balanced, nested, reproducible and listed for epochs of a given length."""

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmvideomae.preparation.lists.few_labels import few_labels, write_few_labels

LINES = [f'videos/a clip {n}.mp4 {n % 4}' for n in range(40)]


def label(line: str) -> str:
    return line.rsplit(maxsplit=1)[-1]


@given(each=st.integers(1, 10), seed=st.integers(0, 99))
def test_a_choice_is_balanced_without_repeats_and_holds_the_smaller_ones(
    each: int, seed: int
) -> None:
    chosen = few_labels(LINES, 4 * each, seed)
    assert len(set(chosen)) == len(chosen) == 4 * each
    assert set(chosen) <= set(LINES)
    assert set(Counter(map(label, chosen)).values()) == {each}
    assert chosen == few_labels(LINES, 4 * each, seed)
    if each > 1:
        assert set(few_labels(LINES, 4 * (each - 1), seed)) < set(chosen)


def test_seeds_choose_differently() -> None:
    assert len({tuple(few_labels(LINES, 8, seed)) for seed in range(5)}) > 1


@pytest.mark.parametrize(('labels', 'words'), [(6, 'equally'), (0, 'equally'), (44, 'has 10')])
def test_a_choice_that_cannot_be_balanced_is_refused(labels: int, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        few_labels(LINES, labels)


def test_lines_take_turns_until_the_epoch_is_full(tmp_path: Path) -> None:
    source, target = tmp_path / 'train.csv', tmp_path / 'lists' / 'few.csv'
    source.write_text('\n'.join(LINES) + '\n')
    write_few_labels(source, target, labels=8, seed=3, samples=20)
    written = target.read_text().splitlines()
    assert len(written) == 20
    assert written[:8] == written[8:16] == few_labels(LINES, 8, 3)
    write_few_labels(source, target, labels=8, seed=3)
    assert target.read_text().splitlines() == few_labels(LINES, 8, 3)
