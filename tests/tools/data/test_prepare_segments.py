"""Contract: prepare_segments.py writes training data, or explains a failure in one line."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.videos import moving_shapes, write_video

LINES = 'video,start,end,label\n' + ''.join(f'v{n},0.5,1.5,{"ab"[n % 2]}\n' for n in range(4))


@pytest.fixture
def videos(tmp_path: Path) -> Path:
    for number in range(4):
        write_video(tmp_path / 'videos' / f'v{number}.mp4', moving_shapes(20, 32, 32), fps=10)
    return tmp_path / 'videos'


def test_files_are_written_once(
    tool: Callable[..., Any], put: Callable[..., Path], videos: Path, tmp_path: Path
) -> None:
    put('own.csv', LINES)
    words = ('own.csv', 'videos', 'out', '--val-share', 0.25)
    done = tool('prepare_segments.py', *words, '--json')
    summary = done.summary
    assert done.code == 0 and (summary['training'], summary['validation']) == (3, 1)
    names = {path.name for path in (tmp_path / 'out').iterdir()}
    assert names == {'annotation.json', 'classes.txt', 'train.csv', 'val.csv'}
    again = tool('prepare_segments.py', *words)
    assert again.code == 1 and 'already there' in again.err and again.err.count('\n') == 1
    assert '3 for training' in tool('prepare_segments.py', *words, '--overwrite').out


def test_faults_end_in_one_line_or_are_left_out(
    tool: Callable[..., Any], put: Callable[..., Path], videos: Path, tmp_path: Path
) -> None:
    put('own.csv', LINES + 'v3,1.6,1.2,a\nv8,1,2,a\n')
    done = tool('prepare_segments.py', 'own.csv', 'videos', 'out')
    assert done.code == 1 and done.err.count('\n') == 1 and not (tmp_path / 'out').exists()
    assert "'v3'" in done.err and "no video 'v8'" in done.err
    done = tool('prepare_segments.py', 'own.csv', 'videos', 'out', '--skip-bad', '--json')
    assert done.code == 0 and done.summary['videos'] == 3 and len(done.summary['left_out']) == 2


def test_other_subsets_are_told_of(
    tool: Callable[..., Any], put: Callable[..., Path], videos: Path
) -> None:
    put('own.csv', 'video,start,end,label,subset\nv0,0,1,a,train\nv1,0,1,a,later\n')
    done = tool('prepare_segments.py', 'own.csv', 'videos', 'out', '--json')
    assert done.code == 0 and done.summary['other'] == {'later': 1}
    assert done.err == "prepare_segments.py: 1 videos of 'later' are in no list\n"
