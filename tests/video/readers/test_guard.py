"""A decoder that hangs or crashes costs its file and nothing else, and frames arrive unchanged."""

import ctypes
import os
import signal
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from mmvideomae.video.readers import (
    GuardedReader,
    ReadLimits,
    VideoReader,
    VideoReadError,
    file_state,
    index_key_of,
    open_reader,
)
from mmvideomae.video.readers import helper as helper_module
from tests.support.videos import moving_shapes, write_video


def _hang() -> None:
    ctypes.PyDLL(None).pause()  # in C, and Python's lock is held


def _crash() -> None:
    os.kill(os.getpid(), signal.SIGSEGV)


def _exit() -> None:
    os._exit(3)


class Reader(VideoReader):
    """Frames of 4x6 pixels filled with their index; does something when it decodes."""

    def __init__(self, path: Path, at_frames: Callable[[], None] = lambda: None) -> None:
        super().__init__(path)
        self._at_frames = at_frames
        self.height = 4

    def __len__(self) -> int:
        return 200

    @property
    def fps(self) -> float:
        return 10.0

    def _decode(self, indices: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
        self._at_frames()
        for index in indices.tolist():
            yield index, np.full((self.height, 6, 3), index, np.uint8)

    def close(self) -> None:
        Path(f'{self.path}.closed').touch()


def _open(path: Path, act: Callable[[], None] | None = None, later: bool = True) -> VideoReader:
    if act and not later:
        act()
    return Reader(path, act) if act else Reader(path)


def opened(path: Path, *arguments: object, deadline: float = 20) -> GuardedReader:
    if not path.exists():
        path.touch()
        os.utime(path, (1e9, 1e9))
    return GuardedReader(path, partial(_open, path, *arguments), deadline)


@pytest.fixture(autouse=True)
def own_helper(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A helper that the test's readers share, and that ends with the test."""
    monkeypatch.setattr(helper_module, '_current', None)
    yield
    if helper_module._current is not None:
        helper_module._current._connection.close()


def gone(pid: int) -> bool:
    """Whether a process ends within ten seconds."""
    for _ in range(1000):
        try:
            if os.waitpid(pid, os.WNOHANG)[0] == pid:
                return True
        except ChildProcessError:  # of another process
            if not Path(f'/proc/{pid}').exists():
                return True
        time.sleep(0.01)
    return False


def test_frames_and_times_are_those_of_the_reader(tmp_path: Path) -> None:
    with opened(tmp_path / 'a') as reader:
        assert (len(reader), reader.fps, reader.duration) == (200, 10, 20)
        np.testing.assert_array_equal(reader.times, Reader(tmp_path / 'a').times)
        frames = reader.read([3, 1, 3])
        assert frames[:, 0, 0, 0].tolist() == [3, 1, 3] and frames.shape == (3, 4, 6, 3)
        with pytest.raises(IndexError, match='frame 200 is outside'):
            reader.read([200])
        assert reader.read([7])[0, 3, 5, 2] == 7  # it stays usable
    opened(tmp_path / 'b')  # one request later
    assert (tmp_path / 'a.closed').exists()


def test_frames_stay_while_anything_refers_to_them(tmp_path: Path) -> None:
    """Their memory is used again, but not before, and little of it waits."""
    reader = opened(tmp_path / 'a')
    kept = [reader.read([number])[0][:, 2:] for number in range(20)]
    assert [int(each.max()) for each in kept] == list(range(20))
    pieces = reader._helper._pieces
    assert len(pieces) == 20
    address = kept[7].ctypes.data
    del kept[7]
    assert reader.read([100])[0][:, 2:].ctypes.data == address
    kept.clear()
    for number in range(5):
        assert reader.read([number, 199])[1].min() == 199
    assert len(pieces) <= 3


def test_real_videos(tmp_path: Path) -> None:
    path = write_video(tmp_path / 'a.mp4', moving_shapes(12))
    with GuardedReader(path, partial(open_reader, path), 20) as reader, open_reader(path) as own:
        np.testing.assert_array_equal(reader.read([4, 9]), own.read([4, 9]))
        np.testing.assert_array_equal(reader.times, own.times)
    with pytest.raises(VideoReadError, match='no such file'):
        GuardedReader(tmp_path / 'none', partial(open_reader, tmp_path / 'none'), 20)


def test_a_known_video_is_opened_when_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_state, '_TICK', 0)
    path = write_video(tmp_path / 'a.mp4', moving_shapes(12))
    key = index_key_of(str(path), 'auto', ReadLimits(), True)
    opening = partial(open_reader, path)
    with GuardedReader(path, opening, 20, key) as reader:
        helper = reader._helper
        frames = reader.read([3])
    asked = []
    ask = helper_module.Helper.ask
    monkeypatch.setattr(
        helper_module.Helper, 'ask', lambda *given: asked.append(given[2]) or ask(*given)
    )
    with GuardedReader(path, opening, 20, key) as again:
        np.testing.assert_array_equal(again.times, reader.times)
        assert (len(again), again.fps, asked) == (12, reader.fps, [])
        np.testing.assert_array_equal(again.read([3]), frames)
        np.testing.assert_array_equal(again.read([3]), frames)
    assert asked == ['read', 'read'] and again._helper is helper


@pytest.mark.parametrize('later', [True, False], ids=['reading', 'opening'])
@pytest.mark.parametrize(
    ('act', 'deadline', 'reason'),
    [
        (_hang, 0.3, r'its decoder did not return within 0\.3 s$'),
        (_crash, 20, r'its decoder ended its process \(SIGSEGV\)$'),
        (_exit, 20, r'its decoder ended its process \(exit status 3\)$'),
    ],
)
def test_what_hangs_or_crashes_is_an_unreadable_file(
    act: Callable[[], None],
    deadline: float,
    reason: str,
    later: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(file_state, '_TICK', 0)
    bad = tmp_path / 'bad'
    helpers = set()
    for _ in range(3):
        with (
            pytest.raises(VideoReadError, match=reason) as caught,
            opened(bad, act, later, deadline=deadline) as reader,
        ):
            reader.read([5])
        assert caught.value.path == str(bad)
        helpers.add(helper_module._current)
    assert len(helpers) == 1  # it was tried once
    ended = helper_module._current
    with opened(tmp_path / 'good') as reader:
        assert reader.read([5])[0, 0, 0, 0] == 5
    assert reader._helper is not ended
    bad.write_text('changed')
    with opened(bad) as reader:
        assert reader.read([5])[0, 0, 0, 0] == 5


def test_a_file_is_not_blamed_for_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Readers that share a helper lose it together."""
    monkeypatch.setattr(file_state, '_TICK', 0)
    reader = opened(tmp_path / 'good')
    with pytest.raises(VideoReadError, match='SIGSEGV'):
        opened(tmp_path / 'bad', _crash).read([1])
    with pytest.raises(VideoReadError, match='at another file'):
        reader.read([1])
    reader.close()
    with opened(tmp_path / 'good') as again:
        assert again.read([1])[0, 0, 0, 0] == 1


def test_the_deadline_is_for_opening_and_reading_together(tmp_path: Path) -> None:
    reader = opened(tmp_path / 'a', partial(time.sleep, 0.3), deadline=0.5)
    reader.read([1])
    with pytest.raises(VideoReadError, match=r'within 0\.5 s'):
        reader.read([1])


def test_helpers_end(tmp_path: Path) -> None:
    """With their process, even one that is stuck; and a fork has a helper of its own."""
    mine = opened(tmp_path / 'a')._helper
    read, write = os.pipe()
    child = os.fork()
    if not child:
        reader = opened(tmp_path / 'b', _hang, deadline=60)
        os.write(write, f'{reader._helper._pid}'.encode())
        reader.read([1])
        os._exit(0)
    theirs = int(os.read(read, 20))
    assert theirs != mine._pid
    time.sleep(0.2)
    os.kill(child, signal.SIGKILL)
    assert gone(child) and gone(theirs)
    assert mine.alive
    mine._connection.close()
    assert gone(mine._pid)
