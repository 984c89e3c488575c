"""benchmark_windows.py: all ways read the same frames, and its report is complete."""

import argparse
from pathlib import Path
from types import ModuleType

import pytest

from tests.support.tools import load_tool
from tests.support.videos import moving_shapes, write_video

NUMBERS = dict(seconds=1, gop=9, frames=8, stride=2, clip_len=4, size=32, rounds=2)


@pytest.fixture(scope='module')
def tool() -> ModuleType:
    return load_tool('analysis_tools/benchmark_windows.py')


@pytest.fixture(scope='module')
def video(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(write_video(tmp_path_factory.mktemp('w') / 'v.mp4', moving_shapes(40, 48, 64)))


def settings(**changes: object) -> argparse.Namespace:
    return argparse.Namespace(**{**NUMBERS, 'readers': ['pyav', 'decord'], **changes})


def test_the_ways_read_the_same_and_are_reported(tool: ModuleType, video: str) -> None:
    report = tool.compare(video, settings())
    assert set(report['ways']) == {'at once', 'pyav', 'decord'} and report['clips'] == 2
    assert report['ways']['at once']['times_wall'] == 1
    assert all(row['wall_seconds'] > 0 for row in report['ways'].values())
    text = tool.as_text(report)
    assert 'clip by clip, decord' in text and '40 frames; windows of 8 every 2' in text


def test_other_frames_are_not_compared(
    tool: ModuleType, video: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = tool.WindowReading.at_once
    monkeypatch.setattr(tool.WindowReading, 'at_once', lambda self, first: right(self, first) + 1)
    with pytest.raises(ValueError, match='pyav reads other frames'):
        tool.compare(video, settings(readers=['pyav']))


def test_wrong_numbers_are_one_line(tool: ModuleType, video: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match='20 frames at these times, but a window has 24'):
        tool.compare(video, settings(frames=24))
    for change, told in (({'frames': 9}, 'clips of'), ({'stride': 0}, 'positive')):
        with pytest.raises(tool.UsageError, match=told):
            tool.check(settings(**change))
