"""make_subset.py copies lines of the list unchanged, and never overwrites another list."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

LINES = [f'"videos/a clip {n}.mp4" {n % 4}' for n in range(40)]


@pytest.fixture
def source(put: Callable[..., Path]) -> Path:
    return put('train.csv', '\n'.join(LINES) + '\n')


def test_parts_of_a_list(tool: Callable, source: Path) -> None:
    outcome = tool('make_subset.py', source, 'lists/part.csv', '--fraction', 0.3, '--json')
    assert outcome.code == 0 and not outcome.err
    assert outcome.summary == {
        'clips': 12,
        'of': 40,
        'classes': 4,
        'seed': 0,
        'file': 'lists/part.csv',
        'next': 'mmvideomae train CONFIG --cfg-options '
        'train_dataloader.dataset.sources.0.ann_file=lists/part.csv',
    }
    part = Path('lists/part.csv').read_text().splitlines()
    assert part == [line for line in LINES if line in set(part)]  # in their order
    assert set(Counter(line[-1] for line in part).values()) == {3}
    outcome = tool('make_subset.py', source, 'few.csv', '--per-class', 5)
    assert outcome.code == 0 and outcome.out.startswith('20 of 40 clips of 4 classes in few.csv\n')
    assert set(part) < set(Path('few.csv').read_text().splitlines())
    assert tool('make_subset.py', source, 'few1.csv', '--per-class', 5, '--seed', 1).code == 0
    assert Path('few1.csv').read_text() != Path('few.csv').read_text()


def test_frame_lists_need_their_columns(tool: Callable, put: Callable[..., Path]) -> None:
    frames = put('frames.csv', ''.join(f'{n} {20 + n} {n % 2}\n' for n in range(20)))
    words = (frames, 'part.csv', '--per-class', 2)
    assert tool('make_subset.py', *words).code == 1
    assert tool('make_subset.py', *words, '--columns', 'path total label').code == 0
    assert len(Path('part.csv').read_text().splitlines()) == 4


@pytest.mark.parametrize(
    ('words', 'reason'),
    [
        (('--fraction', 2), 'above 0 and at most 1, got 2.0'),
        (('--per-class', 11), '4 of 4 classes have fewer'),
        (('--fraction', 0.5, '--seed', -1), '--seed must not be negative'),
        (('--fraction', 0.5, '--columns', 'label'), 'columns must be "path"'),
    ],
)
def test_bad_input_is_one_line(
    words: tuple[object, ...], reason: str, tool: Callable, source: Path
) -> None:
    outcome = tool('make_subset.py', source, 'part.csv', *words)
    assert outcome.code == 1 and not outcome.out and outcome.err.count('\n') == 1
    assert reason in outcome.err and not Path('part.csv').exists()


def test_no_list_is_lost(tool: Callable, source: Path, put: Callable[..., Path]) -> None:
    mine = put('mine.csv', 'mine')
    outcome = tool('make_subset.py', source, mine, '--fraction', 0.5)
    assert outcome.code == 1 and '--overwrite' in outcome.err and mine.read_text() == 'mine'
    assert tool('make_subset.py', source, mine, '--fraction', 0.5, '--overwrite').code == 0
    outcome = tool('make_subset.py', source, 'train.csv', '--fraction', 0.5, '--overwrite')
    assert outcome.code == 1 and 'the list itself' in outcome.err
    assert source.read_text().splitlines() == LINES
