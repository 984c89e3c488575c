"""Contract: a written video has each frame at its own time, and is complete or absent."""

import os
from pathlib import Path

import numpy as np
import pytest

from mmvideomae.video.streams import FileStream
from mmvideomae.video.writer import VideoWriteError, VideoWriter
from tests.support.videos import frame_number, numbered_frames


def test_video_keeps_frames_and_times(tmp_path: Path) -> None:
    seconds = [0.0, 0.1, 0.15, 1.0, 2.5]
    path = tmp_path / 'new' / os.fsdecode(b'a:b\xff.mp4')
    with VideoWriter(path, 10.0) as writer:
        for frame, time in zip(numbered_frames(5, 63, 61), seconds, strict=True):
            writer.write(frame, time)
    with FileStream(path) as stream:
        np.testing.assert_allclose(stream.times, seconds, atol=1e-4)
        found = [frame for _, frame in stream.in_order(range(5))]
    assert [frame_number(frame[:, :61]) for frame in found] == list(range(5))
    assert found[0].shape == (64, 62, 3)


def test_the_last_frame_is_shown_until_the_end_and_gaps_stay(tmp_path: Path) -> None:
    edges = [0.0, 0.1, 86400.5, 86401, 86405]
    with VideoWriter(tmp_path / 'v.mp4', 25.0) as writer:
        for number, frame in enumerate(numbered_frames(4)):
            writer.write(frame, *edges[number : number + 2])
    with FileStream(tmp_path / 'v.mp4') as stream:
        np.testing.assert_allclose([*stream.times, stream.duration], edges, atol=1e-4)
    with (
        pytest.raises(VideoWriteError, match='more than 59 hours, around second 300000'),
        VideoWriter(tmp_path / 'w.mp4', 25.0) as writer,
    ):
        writer.write(numbered_frames(1)[0], 3e5)
    assert [path.name for path in tmp_path.iterdir()] == ['v.mp4']


def test_writers_of_one_name_do_not_meet(tmp_path: Path) -> None:
    """Of several processes, each has a temporary file; the last to finish wins."""
    writers = [VideoWriter(tmp_path / 'v.mp4', 25.0)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, 'getpid', lambda: 1)
        writers.append(VideoWriter(tmp_path / 'v.mp4', 25.0))
    for frame in numbered_frames(6)[::2]:
        for writer in writers:
            writer.write(frame, 0.0)
    for writer in writers:
        with writer:
            pass
    with FileStream(tmp_path / 'v.mp4') as stream:
        assert [frame_number(frame) for _, frame in stream.in_order(range(3))] == [0, 2, 4]
    assert [path.name for path in tmp_path.iterdir()] == ['v.mp4']


def test_equal_times_are_set_apart(tmp_path: Path) -> None:
    with VideoWriter(tmp_path / 'v.mp4', 25.0) as writer:
        for frame in numbered_frames(3):
            writer.write(frame, 0.0)
    with FileStream(tmp_path / 'v.mp4') as stream:
        assert len(stream) == 3


def test_nothing_is_left_of_a_video_that_failed(tmp_path: Path) -> None:
    def fail() -> None:
        with VideoWriter(tmp_path / 'v.mp4', 25.0) as writer:
            writer.write(numbered_frames(1)[0], 0.0)
            raise RuntimeError('in between')

    with pytest.raises(RuntimeError, match='in between'):
        fail()
    with VideoWriter(tmp_path / 'w.mp4', 25.0):
        pass
    assert list(tmp_path.iterdir()) == []


def test_name_must_be_that_of_a_video(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r'must end in \.mp4'):
        VideoWriter(tmp_path / 'v.gif', 25.0)
