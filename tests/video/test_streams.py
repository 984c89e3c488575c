"""Contract: a stream yields the frames of random access in one pass, with their times."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from mmvideomae.video.readers import VideoReadError, open_reader
from mmvideomae.video.streams import FileStream, FolderStream, open_stream
from tests.support.videos import (
    BROKEN_KINDS,
    frame_number,
    make_broken_video,
    media_clip,
    numbered_frames,
    write_video,
)


@pytest.mark.parametrize(('name', 'codec'), [('a.mp4', 'libx264'), ('b.avi', 'mpeg4')])
def test_frames_are_those_of_the_readers(tmp_path: Path, name: str, codec: str) -> None:
    path = write_video(tmp_path / name, numbered_frames(40), fps=10, codec=codec, gop=7)
    wanted = [0, 1, 5, 17, 39]
    with FileStream(path) as stream, open_reader(path, 'pyav') as reader:
        found = list(stream.in_order(wanted))
        assert [number for number, _ in found] == wanted
        assert [frame_number(frame) for _, frame in found] == wanted
        np.testing.assert_array_equal(np.stack([f for _, f in found]), reader.read(wanted))
        np.testing.assert_allclose(stream.times, np.arange(40) / 10)
        assert [number for number, _ in stream.in_order(range(40))] == list(range(40))  # again


def test_times_are_those_of_a_variable_rate(tmp_path: Path) -> None:
    seconds = np.array([0.0, 0.1, 0.15, 1.0, 2.5])
    path = write_video(tmp_path / 'v.mp4', numbered_frames(5), seconds=seconds)
    with FileStream(path) as stream:
        np.testing.assert_allclose(stream.times, seconds, atol=1e-4)


def test_rotation_is_that_of_a_player(tmp_path: Path) -> None:
    path = write_video(tmp_path / 'v.mp4', numbered_frames(3, 32, 64), rotation=90)
    with FileStream(path) as stream:
        assert next(stream.in_order([2]))[1].shape == (64, 32, 3)


@pytest.mark.parametrize('kind', [kind for kind in BROKEN_KINDS if kind != 'unreadable'])
def test_broken_files_are_named(tmp_path: Path, kind: str) -> None:
    path = make_broken_video(kind, tmp_path / 'broken.mp4')
    with pytest.raises(VideoReadError, match=r'broken\.mp4'):  # noqa: PT012  where depends on kind
        stream = FileStream(path)
        list(stream.in_order(range(len(stream))))


@pytest.mark.parametrize('kind', ['missing', 'directory', 'empty'])
def test_what_is_no_file_is_told_as_by_the_readers(tmp_path: Path, kind: str) -> None:
    path = make_broken_video(kind, tmp_path / 'broken.mp4')
    told = []
    for opened in (FileStream, open_reader):
        with pytest.raises(VideoReadError) as caught:
            opened(path)
        told.append(str(caught.value))
    if kind != 'directory':  # which readers take for a folder of frames
        assert told[0] == told[1]
    assert any(words in told[0] for words in ('no such file', 'a directory', 'the file is empty'))


def test_folder_of_frames(tmp_path: Path) -> None:
    for number, frame in enumerate(numbered_frames(6), 1):
        cv2.imwrite(str(tmp_path / f'img_{number:05}.jpg'), frame)
    with FolderStream(tmp_path, fps=5.0) as stream:
        found = list(stream.in_order([1, 4]))
        assert [(n, frame_number(f)) for n, f in found] == [(1, 1), (4, 4)]
        np.testing.assert_allclose(stream.times, np.arange(6) / 5)


@pytest.mark.parametrize('first', [0, 1, 12])
def test_folders_begin_with_their_first_frame(first: int, tmp_path: Path) -> None:
    for number, frame in enumerate(numbered_frames(4), first):
        cv2.imwrite(str(tmp_path / f'img_{number:05}.jpg'), frame)
    with open_stream(tmp_path) as stream:
        assert len(stream) == 4
        found = [(n, frame_number(f)) for n, f in stream.in_order(range(4))]
        assert found == [(n, n) for n in range(4)]


def test_real_clip() -> None:
    path = media_clip('test_xvid.avi')
    if path is None:
        pytest.skip('no real clips here')
    with FileStream(path) as stream, open_reader(path, 'pyav') as reader:
        last = len(reader) - 1
        ((_, frame),) = stream.in_order([last])
        np.testing.assert_array_equal(frame, reader.read([last])[0])
