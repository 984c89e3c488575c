"""Contract: a live source returns the newest window, keeps up with time, and ends."""

import time
from pathlib import Path

import cv2
import numpy as np
import pytest

from mmvideomae.video.cameras import SHORTEST_SIDE, LiveSource
from mmvideomae.video.readers import VideoReadError
from tests.support.videos import frame_number, make_broken_video, numbered_frames, write_video


@pytest.fixture
def video(tmp_path: Path) -> Path:
    return write_video(tmp_path / 'v.mp4', numbered_frames(20), fps=20, bframes=0)


def test_a_file_is_played_at_its_speed_and_a_slow_reader_skips(video: Path) -> None:
    began = time.monotonic()
    shown = []
    with LiveSource(str(video), 0.3) as source:
        while (newest := source.wait()) is not None:
            shown.append([frame_number(frame) for frame in newest.frames])
            assert newest.end - newest.start <= 0.3 + 1e-3
            assert newest.fps == pytest.approx(20)
            time.sleep(0.2)  # a slow model
    assert time.monotonic() - began > 0.9
    assert len(shown) <= 6  # of the fifteen windows that passed
    assert all(numbers == list(range(numbers[0], numbers[-1] + 1)) for numbers in shown)
    assert all(len(numbers) <= 7 for numbers in shown)
    assert shown[-1][-1] == 19  # the end is not missed


def test_a_stream_without_length_ends_too(tmp_path: Path) -> None:
    """Motion JPEG without a container, as cameras send it."""
    path = write_video(tmp_path / 'v.mjpeg', numbered_frames(12), codec='mjpeg', pix_fmt='yuvj420p')
    with LiveSource(str(path), 60.0) as source:
        newest = source.wait()
        assert newest is not None
        assert [frame_number(frame) for frame in newest.frames] == list(range(12))
        assert source.wait() is None


def test_large_pictures_are_shrunk(tmp_path: Path) -> None:
    frames = np.zeros((3, SHORTEST_SIDE * 2, SHORTEST_SIDE * 3, 3), np.uint8)
    frames[..., 0] = 200
    with LiveSource(str(write_video(tmp_path / 'v.mp4', frames)), 0.05) as source:
        newest = source.wait()
        assert newest is not None
        assert newest.frames[0].shape == (SHORTEST_SIDE, SHORTEST_SIDE * 3 // 2, 3)
        assert newest.frames[0][..., 0].mean() > 150 > newest.frames[0][..., 2].mean()  # RGB


def test_silence_is_an_error(video: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr('mmvideomae.video.cameras.SILENCE', 0.05)
    monkeypatch.setattr(LiveSource, '_run', lambda source: None)  # nobody reads
    with LiveSource(str(video), 0.1) as source, pytest.raises(VideoReadError, match='no frame for'):
        source.wait()


def test_nothing_is_open_before_the_block_and_after_it(
    video: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[cv2.VideoCapture] = []

    def capture(source: str, make: type[cv2.VideoCapture] = cv2.VideoCapture) -> cv2.VideoCapture:
        opened.append(make(source))
        return opened[-1]

    monkeypatch.setattr(cv2, 'VideoCapture', capture)
    source = LiveSource(str(video), 0.1)
    assert not opened
    with source:
        assert opened[0].isOpened()
    assert not opened[0].isOpened()


@pytest.mark.parametrize('name', ['none.mp4', 'text.mp4', '99'])
def test_what_gives_no_frame_is_named(tmp_path: Path, name: str) -> None:
    (tmp_path / 'text.mp4').write_text('no video\n' * 50)
    source = name if name.isdigit() else str(tmp_path / name)
    with pytest.raises(VideoReadError, match=name), LiveSource(source, 1.0):
        pass


def test_a_file_without_pictures_is_not_told_as_a_camera(tmp_path: Path) -> None:
    path = make_broken_video('audio_only', tmp_path / 'a.mp4')
    with pytest.raises(VideoReadError, match='no video stream'), LiveSource(str(path), 1.0):
        pass


def test_files_are_neither_addresses_nor_playlists(
    video: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    video.rename('a:b.mp4')
    with LiveSource('a:b.mp4', 0.3):
        pass
    Path('list.mp4').write_text('ffconcat version 1.0\nfile a:b.mp4\n')
    Path('hls.mp4').write_text('#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\na:b.mp4\n')
    for name in ('list.mp4', 'hls.mp4'):
        with pytest.raises(VideoReadError, match=name), LiveSource(name, 0.3):
            pass
