"""benchmark_windows.py: all ways read the same frames; what must not grow with a window is seen."""

import argparse
from pathlib import Path
from types import ModuleType

import pytest

from tests.support.localizers import end_to_end_leaf
from tests.support.tools import load_tool
from tests.support.videos import moving_shapes, write_video

ROOT = Path(__file__).resolve().parents[3]
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


def test_the_memory_of_a_step_grows_by_what_must(tool: ModuleType, tmp_path: Path) -> None:
    leaf = end_to_end_leaf(backbone={'img_size': 64}, clips_per_pass=1)
    leaf.dump(tmp_path / 'leaf.py')
    report = tool.memory(settings(memory=str(tmp_path / 'leaf.py'), frames=24, size=64))
    short, long = report['windows']
    tokens, width = 2 * 8 * 8, 32  # of a clip of 4 frames, of which the windows have 3 and 6
    stream = 4 * tokens * width
    frames = 3 * 24 * 64 * 64
    assert long['linear'] == frames + 6 * (3 * stream + 2 * stream // 4)
    assert long['peak'] > long['kept'] > short['kept'] and long['rest'] > 0
    assert report['growth_of_rest'] < 1.3 < long['peak'] / short['peak']
    stored = end_to_end_leaf(backbone={'img_size': 64}, clips_per_pass=1, recompute=False)
    stored.dump(tmp_path / 'stored.py')
    told = settings(memory=str(tmp_path / 'stored.py'), frames=24, size=64)
    assert tool.memory(told)['growth_of_rest'] > 1.5
    assert 'the rest grows by a factor of' in tool.memory_text(report)


def test_memory_needs_an_end_to_end_detector(tool: ModuleType) -> None:
    demo = ROOT / 'configs/demo/actionformer_vit-tiny-p8_own-videos.py'
    with pytest.raises(tool.UsageError, match='is not an end-to-end detector: ActionFormer'):
        tool.memory(settings(memory=str(demo)))
