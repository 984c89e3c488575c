"""Contract: analyze_segments.py proposes sizes for any annotation, in words or as JSON."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

LINES = 'video,start,end,label,duration\n' + ''.join(
    f'v{n},{n % 3 + 1},{n % 3 + 3 + n % 2},{"ab"[n % 2]},{30 + n}\n' for n in range(12)
)


def test_a_csv_file_is_analyzed(
    tool: Callable[..., Any], put: Callable[..., Path], tmp_path: Path
) -> None:
    put('own.csv', LINES)
    words = ('own.csv', '--stride', 4, '--window', 16, '--fps', 25)
    done = tool('analyze_segments.py', *words, '--json', '--out', 'a/lengths.png')
    assert done.code == 0
    summary = done.summary
    assert (summary['videos'], summary['segments'], summary['classes']) == (12, 12, 2)
    assert summary['segment_seconds']['100%'] == 3 and summary['left_out'] == []
    assert sum(summary['segments_by_level']) == 12
    assert (tmp_path / 'a' / 'lengths.png').read_bytes()[:4] == b'\x89PNG'
    told = tool('analyze_segments.py', *words)
    assert f'max_seq_len={summary["max_seq_len"]}' in told.out and 'num_classes=2' in told.out


def test_faults_are_told_and_left_out(tool: Callable[..., Any], put: Callable[..., Path]) -> None:
    put('own.csv', LINES + 'x,9,3,a,30\n')
    done = tool('analyze_segments.py', 'own.csv', '--stride', 4, '--window', 16, '--fps', 25)
    assert done.code == 0
    assert "1 videos are left out, for example: own.csv:14: video 'x'" in done.out


@pytest.mark.parametrize(
    ('words', 'message'),
    [
        (('none.json',), 'not found: none.json in '),
        (('own.csv',), 'has no fps: give the folder of features'),
        (('own.csv', '--fps', 25), 'give the folder of features, or their stride and window'),
        (('own.csv', '--features', 'nowhere'), 'not found: nowhere in '),
        (('own.csv', '--subsets', 'train'), 'no videos of subset train'),
    ],
)
def test_bad_input_ends_in_one_line(
    tool: Callable[..., Any], put: Callable[..., Path], words: tuple[object, ...], message: str
) -> None:
    put('own.csv', LINES)
    done = tool('analyze_segments.py', *words)
    assert done.code == 1 and message in done.err and done.err.count('\n') == 1
