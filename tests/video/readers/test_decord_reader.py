"""The decord reader refuses, with an explanation, files that decord misreads."""

from pathlib import Path

import numpy as np
import pytest

from mmvideomae.video.readers import VideoReadError, open_reader
from mmvideomae.video.readers.decord_reader import DecordReader
from tests.support.videos import (
    frame_number,
    make_broken_video,
    moving_shapes,
    numbered_frames,
    write_video,
)


@pytest.mark.parametrize(('name', 'codec'), [('a.ts', 'libx264'), ('a.wmv', 'wmv2')])
def test_containers_that_decord_misreads_are_refused(name: str, codec: str, tmp_path: Path) -> None:
    path = write_video(tmp_path / name, moving_shapes(8), codec=codec)
    with pytest.raises(VideoReadError, match='misplaces frames'):
        DecordReader(path)


def test_avi_with_b_frames_is_read_in_order(tmp_path: Path) -> None:
    path = write_video(tmp_path / 'a.avi', numbered_frames(40), codec='mpeg4')
    for wanted in ([39, 2, 2], [25]):
        with DecordReader(path) as reader:
            assert [frame_number(frame) for frame in reader.read(wanted)] == wanted


@pytest.mark.parametrize('width', [8, 16, 24, 48])
def test_widths_that_decord_cannot_return(width: int, tmp_path: Path) -> None:
    path = write_video(tmp_path / 'a.mp4', moving_shapes(4, 64, width))
    with (
        pytest.raises(VideoReadError, match='frames of this width'),
        open_reader(path, 'decord') as reader,
    ):
        reader.read([0])


@pytest.mark.parametrize('width', [20, 30, 34, 66, 130])
def test_other_narrow_or_odd_widths_are_right(width: int, tmp_path: Path) -> None:
    path = write_video(tmp_path / 'a.mp4', moving_shapes(4, 64, width))
    with open_reader(path, 'decord') as one, open_reader(path, 'pyav') as other:
        np.testing.assert_array_equal(one.read([0, 3]), other.read([0, 3]))


def test_frames_are_never_replaced_by_their_neighbours(tmp_path: Path) -> None:
    """decord alone fills the places of frames that it cannot decode with copies."""
    path = make_broken_video('missing_frames', tmp_path / 'a.mp4')
    with pytest.raises(VideoReadError), DecordReader(path) as reader:
        reader.read(range(len(reader)))


def test_reasons_name_no_source_files(tmp_path: Path) -> None:
    for kind in ('truncated', 'truncated_faststart', 'audio_only', 'text', 'missing_frames'):
        path = make_broken_video(kind, tmp_path / f'{kind}.mp4')
        with pytest.raises(VideoReadError) as caught, DecordReader(path) as reader:
            reader.read(range(len(reader)))
        assert '.cc:' not in str(caught.value) and 'Check failed' not in str(caught.value)


def test_ffmpeg_inside_decord_is_quiet(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = make_broken_video('missing_frames', tmp_path / 'a.mp4')
    with pytest.raises(VideoReadError), DecordReader(path) as reader:
        reader.read(range(len(reader)))
    assert '[h264' not in capfd.readouterr().err
