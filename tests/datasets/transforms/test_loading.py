"""Opening and reading: only the requested frames, and a video is closed once it is read."""

from functools import partial

import cv2
import numpy as np
import pytest

import mmvideomae  # noqa: F401  before anything of mmaction2
from mmvideomae.registry import TRANSFORMS
from mmvideomae.video.readers import GuardedReader, VideoReadError, open_reader
from tests.support.videos import (
    frame_number,
    make_broken_video,
    moving_shapes,
    numbered_frames,
    write_video,
)


@pytest.fixture(scope='module')
def movie(tmp_path_factory):
    return str(write_video(tmp_path_factory.mktemp('movie') / 'm.mp4', numbered_frames(40), fps=20))


def open_video(**record):
    return TRANSFORMS.build({'type': 'OpenVideo'})(record)


def read(results, wanted, **settings):
    return TRANSFORMS.build({'type': 'ReadFrames', **settings})({**results, 'frame_inds': wanted})


def test_a_video_is_opened_read_and_closed(movie):
    results = open_video(filename=movie)
    assert (results['total_frames'], results['start_index'], results['fps']) == (40, 0, 20)
    closed = []
    reader = results['video_reader']
    close = reader.close
    reader.close = lambda: (closed.append(True), close())
    results['frame_inds'] = np.array([30, 2, 2, 39])
    results = TRANSFORMS.build({'type': 'ReadFrames'})(results)
    assert [frame_number(frame) for frame in results['imgs']] == [30, 2, 2, 39]
    assert results['imgs'].dtype == np.uint8
    assert results['img_shape'] == results['original_shape'] == (64, 64)
    assert closed and 'video_reader' not in results


def test_frames_are_resized_as_they_are_read(tmp_path):
    """With the same result as afterwards, also by the process that reads for a worker."""
    frames = moving_shapes(6, 48, 80)
    path = str(write_video(tmp_path / 'wide.mp4', frames))
    after = TRANSFORMS.build({'type': 'ClipResizeShortSide', 'short_side': 20})
    wanted = np.array([0, 3, 5])
    expected = after(read(open_video(filename=path), wanted))
    found = read(open_video(filename=path), wanted, short_side=20)
    assert found['img_shape'] == found['original_shape'] == (20, 33)
    np.testing.assert_array_equal(found['imgs'], expected['imgs'])
    with GuardedReader(path, partial(open_reader, path), 30.0) as guarded:
        np.testing.assert_array_equal(guarded.read(wanted, 20), expected['imgs'])
    # The limit is on what is kept.
    limits = {'bytes': 6 * 20 * 33 * 3}
    results = TRANSFORMS.build({'type': 'OpenVideo', 'limits': limits})({'filename': path})
    assert len(read(results, np.arange(6), short_side=20)['imgs']) == 6
    with pytest.raises(ValueError, match='short_side must be positive'):
        TRANSFORMS.build({'type': 'ReadFrames', 'short_side': 0})


def test_windows_end_where_the_video_ends(movie):
    window = open_video(filename=movie, start_index=10, total_frames=20)
    assert (window['total_frames'], window['start_index']) == (20, 10)
    assert open_video(filename=movie, start_index=30, total_frames=20)['total_frames'] == 10
    with pytest.raises(VideoReadError, match='has 40 frames and the record begins at frame 40'):
        open_video(filename=movie, start_index=40)


def test_times_of_a_part_count_from_the_start_of_the_video(tmp_path):
    seconds = [0, 0.1, 0.2, 0.3, 2, 3]
    path = write_video(tmp_path / 'v.mp4', numbered_frames(6), seconds=seconds)
    whole = open_video(filename=str(path))
    np.testing.assert_allclose(whole['frame_times'], seconds, atol=1e-4)
    assert whole['frames_end'] == pytest.approx(6 / whole['fps'])
    part = open_video(filename=str(path), start_index=1, total_frames=3)
    np.testing.assert_allclose(part['frame_times'], [0.1, 0.2, 0.3], atol=1e-4)
    assert part['frames_end'] == pytest.approx(2, abs=1e-4)
    part['frame_inds'] = np.array([3, 1])
    read = TRANSFORMS.build({'type': 'ReadFrames'})(part)
    np.testing.assert_allclose(read['frame_seconds'], [0.3, 0.1], atol=1e-4)


def test_frame_folders_open_like_videos(tmp_path):
    for number, frame in enumerate(numbered_frames(12), 1):
        cv2.imwrite(str(tmp_path / f'{number}.png'), frame)
    record = {'filename': str(tmp_path), 'filename_tmpl': '{}.png', 'fps': 12}
    results = open_video(**record, start_index=4, total_frames=6)
    assert (results['total_frames'], results['start_index'], results['fps']) == (6, 0, 12)
    results['frame_inds'] = np.array([0, 5])
    imgs = TRANSFORMS.build({'type': 'ReadFrames'})(results)['imgs']
    assert [frame_number(frame) for frame in imgs] == [3, 8]
    assert open_video(**record)['total_frames'] == 12


def test_a_deadline_is_seconds_or_none():
    assert TRANSFORMS.build({'type': 'OpenVideo', 'deadline': None}).deadline is None
    with pytest.raises(ValueError, match='deadline must be positive'):
        TRANSFORMS.build({'type': 'OpenVideo', 'deadline': 0})


def test_broken_files_raise_and_stand_in_when_asked(tmp_path):
    path = str(make_broken_video('text', tmp_path / 'broken.mp4'))
    with pytest.raises(VideoReadError):
        open_video(filename=path)
    results = open_video(filename=path, undecodable=True, start_index=7, total_frames=9)
    results = TRANSFORMS.build({'type': 'ReadFrames'})(
        {**results, 'frame_inds': np.arange(results['total_frames'])[:5]}
    )
    assert results['imgs'].shape[0] == 5 and not results['imgs'].any()
