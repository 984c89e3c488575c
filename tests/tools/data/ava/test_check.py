"""Contract: `check.py` prints tables and problems, and its exit status reflects errors."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.videos import numbered_frames, write_video

MAP = 'item {\n  name: "sit [down]"\n  id: 1\n}\n'
OPTIONS = ('--videos', 'videos', '--workers', 1)


@pytest.fixture
def sound(put: Callable[..., Path], tmp_path: Path) -> Path:
    """A list of one key frame."""
    write_video(tmp_path / 'videos' / 'a.mp4', numbered_frames(20, 16, 16), fps=10)
    put('map.pbtxt', MAP)
    put('boxes.csv', 'a,1,0.1,0.1,0.5,0.5,0.9\na,2.5,0,0,1,1,0.9\n')
    put('excluded.csv', '')
    return put('ann.csv', 'a,0001,0.1,0.1,0.5,0.5,1\n')


def test_sound_data_passes(tool: Callable[..., Any], sound: Path) -> None:
    words = ('ava/check.py', 'ann.csv', 'map.pbtxt', *OPTIONS)
    more = ('--proposals', 'boxes.csv', '--excluded', 'excluded.csv', '--min-box-score', 0.8)
    done = tool(*words, *more)
    assert done.code == 0 and done.err == ''
    assert 'sit [down]' in done.out and '100.0%' in done.out
    assert done.out.endswith('0 errors, 0 warnings\n')
    found = tool(*words, *more, '--json').summary
    assert (found['errors'], found['warnings']) == (0, 0)
    assert found['lists'][0]['counts']['key frames'] == 1


def test_warnings_alone_pass(
    tool: Callable[..., Any], put: Callable[..., Path], sound: Path
) -> None:
    put('ann.csv', 'a,1,0.1,0.1,0.5,0.5,1\n' * 8)
    done = tool('ava/check.py', 'ann.csv', 'map.pbtxt', *OPTIONS)
    assert done.code == 0
    assert 'warning: ann: repeated rows: 7\n  ann.csv:2: repeats line 1\n' in done.out
    assert done.out.endswith('  ...\n0 errors, 7 warnings\n')


@pytest.mark.parametrize(
    ('name', 'text', 'message'),
    [
        ('ann.csv', 'a,1,0.1,0.1,0.5,0.5,0\n', 'ann.csv:1: label 0: ids start at 1'),
        ('ann.csv', 'a,1,0.1,0.1,0.5,0.5,2\n', 'ann.csv:1: label 2 is above the 1 classes'),
        ('ann.csv', 'a,2.5,0.1,0.1,0.5,0.5,1\n', 'ann.csv:1: second 2.5 of a, which lasts from'),
        ('ann.csv', 'a,1,0.1,0.1,50,0.5,1\n', 'ann.csv:1: box 0.1,0.1,50,0.5 is outside'),
        ('ann.csv', 'a,1,0.5,0.1,0.1,0.5,1\n', 'ann.csv:1: box 0.5,0.1,0.1,0.5 is swapped'),
        ('ann.csv', 'a,0,0.1,0.1,0.5,0.5,1\n', 'boxes.csv: none for second 0 of a'),
        ('map.pbtxt', '', 'map.pbtxt names no class'),
        ('boxes.csv', '{"a": 1}\n{"b": 2}\n', 'boxes.csv'),
        ('boxes.csv', '', 'boxes.csv has no boxes'),
    ],
)
def test_each_wrong_input_is_one_error(
    tool: Callable[..., Any],
    put: Callable[..., Path],
    sound: Path,
    name: str,
    text: str,
    message: str,
) -> None:
    put(name, text)
    words = ('ava/check.py', 'ann.csv', 'map.pbtxt', *OPTIONS, '--proposals', 'boxes.csv')
    done = tool(*words)
    assert done.code == 1 and done.err == ''
    lines = done.out.splitlines()
    assert sum(line.startswith('error: ') for line in lines) == 1
    assert any(line.startswith(f'  {message}') for line in lines)
    assert tool(*words, '--json').summary['errors'] == 1


@pytest.mark.parametrize(
    ('words', 'message'),
    [
        (('ann.csv', *OPTIONS), 'needs a LABEL_MAP'),
        (('config.py',), 'not found: config.py in '),
        (('ann.csv', 'map.pbtxt'), 'videos need folder=FOLDER or table=FILE'),
        (('ann.csv', 'map.pbtxt', *OPTIONS, '--filename-tmpl', 'x'), 'need fps'),
    ],
)
def test_bad_command_lines_end_in_one_line(
    tool: Callable[..., Any], sound: Path, words: tuple[object, ...], message: str
) -> None:
    done = tool('ava/check.py', *words)
    assert done.code == 1 and message in done.err and done.err.count('\n') == 1
