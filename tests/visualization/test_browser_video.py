"""Contract: browser-ready files stay unchanged; all others become an equivalent copy."""

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from mmvideomae.video.readers import open_reader
from mmvideomae.video.streams import FileStream, FolderStream
from mmvideomae.visualization.browser_video import browser_video, plays_in_browsers
from tests.support.videos import make_broken_video, media_clip, moving_shapes, write_video


def of(path: Path, tmp_path: Path, **options: Any) -> Path:
    with FileStream(path) as stream:
        return browser_video(stream, tmp_path / 'copies' / 'copy.mp4', **options)


def test_h264_in_mp4_is_left_as_it_is(tmp_path: Path) -> None:
    video = write_video(tmp_path / 'a.mp4', moving_shapes(12, 48, 64))
    assert plays_in_browsers(video) and of(video, tmp_path) == video
    assert not (tmp_path / 'copies').exists()


@pytest.mark.parametrize(('name', 'options'), [
    ('a.mkv', {}),
    ('a.avi', {'codec': 'mpeg4'}),
    ('a.mp4', {'codec': 'mpeg4'}),
    ('b.mp4', {'pix_fmt': 'yuv444p'}),
])  # fmt: skip
def test_others_are_copied_frame_by_frame_at_their_times(
    tmp_path: Path, name: str, options: dict[str, Any]
) -> None:
    video = write_video(tmp_path / name, moving_shapes(12, 48, 64), fps=5, **options)
    copy = of(video, tmp_path)
    assert copy != video and plays_in_browsers(copy)
    with FileStream(copy) as copied, FileStream(video) as source:
        np.testing.assert_allclose(copied.times, source.times, atol=1e-3)
    with open_reader(copy) as copied, open_reader(video) as source:
        change = np.abs(copied.read(range(12)).astype(int) - source.read(range(12)))
    assert change.mean() < 6


def test_a_large_file_is_copied_smaller_and_tells_how_far_it_is(tmp_path: Path) -> None:
    video = write_video(tmp_path / 'a.mp4', moving_shapes(6, 60, 100))
    seen: list[tuple[int, int]] = []
    copy = of(video, tmp_path, longest=50, most_bytes=10, progress=lambda *each: seen.append(each))
    with open_reader(copy) as reader:
        assert reader.read([0]).shape == (1, 30, 50, 3) and len(reader) == 6
    assert seen == [(number, 6) for number in range(1, 7)]


def test_a_folder_of_frames_becomes_a_video(tmp_path: Path) -> None:
    folder = tmp_path / 'frames'
    folder.mkdir()
    for number, frame in enumerate(moving_shapes(5, 40, 40), 1):
        cv2.imwrite(str(folder / f'img_{number:05}.jpg'), frame)
    with FolderStream(folder, 'img_{:05}.jpg', fps=4) as stream:
        copy = browser_video(stream, tmp_path / 'copy.mp4')
    with FileStream(copy) as copied:
        np.testing.assert_allclose(copied.times, np.arange(5) / 4, atol=1e-3)


def test_what_is_no_video_does_not_play(tmp_path: Path) -> None:
    assert not plays_in_browsers(make_broken_video('text', tmp_path / 'a.mp4'))
    assert not plays_in_browsers(tmp_path / 'none.mp4')


@pytest.mark.parametrize(('name', 'plays'), [('people.mp4', True), ('test_xvid.avi', False)])
def test_real_clips(name: str, plays: bool) -> None:
    clip = media_clip(name)
    if clip is None:
        pytest.skip('no real clips here')
    assert plays_in_browsers(clip) is plays
