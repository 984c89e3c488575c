"""Contract: `synthesize.py untrimmed` writes the requested data once, and refuses bad options."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

SMALL = ('--size', 32, '--seconds', 4, 5, '--segment-seconds', 1, 2, '--gap-seconds', 0.5, 1)


def test_videos_of_both_splits_once(tool: Callable[..., Any], tmp_path: Path) -> None:
    words = ('untrimmed', 'out', '--train', 2, '--val', 1, '--workers', 1, *SMALL)
    done = tool('synthesize.py', *words, '--json')
    assert done.code == 0
    assert (done.summary['written'], done.summary['videos']) == (3, 3)
    database = json.loads((tmp_path / 'out' / 'annotation.json').read_text())['database']
    assert set(database) == {'train_0000', 'train_0001', 'val_0000'}
    assert all((tmp_path / 'out' / 'videos' / f'{name}.mp4').is_file() for name in database)
    again = tool('synthesize.py', *words)
    told = [
        'out already holds 3 videos',
        'next: mmvideomae data prepare-segments out/annotation.json out/videos out/prepared',
    ]
    assert (again.code, again.out.splitlines()) == (0, told)
    other = tool('synthesize.py', *words, '--seed', 1)
    assert other.code == 1 and 'holds other data' in other.err


@pytest.mark.parametrize(
    ('words', 'message'),
    [
        (('--train', 0, '--val', 0), 'no videos to make'),
        (('--seconds', 3, 2), 'seconds 3.0 to 2.0 must be a range'),
        (('--classes', 13), 'must be 1 to 12, got 13'),
    ],
)
def test_bad_options_end_in_one_line(
    tool: Callable[..., Any], tmp_path: Path, words: tuple[object, ...], message: str
) -> None:
    done = tool('synthesize.py', 'untrimmed', 'out', *words)
    assert done.code == 1 and message in done.err and done.err.count('\n') == 1
    assert not (tmp_path / 'out').exists()
