"""Opening, sampling and reading: the official clip sampling, and a video closed once it is read."""

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import mmvideomae  # noqa: F401  before anything of mmaction2
from mmvideomae.datasets.readers import VideoReadError
from mmvideomae.registry import TRANSFORMS
from mmvideomae.testing.videos import frame_number, make_broken_video, numbered_frames, write_video


def sample(total, clip_len=16, stride=4, test_mode=False, **record):
    config = {'type': 'SampleClip', 'clip_len': clip_len, 'stride': stride, 'test_mode': test_mode}
    return TRANSFORMS.build(config)({'total_frames': total, **record})


def official_clip(offset, total, clip_len, stride):
    """The published walk, told with frames counted from 1 as it is there."""
    place, frames = offset + 1, []
    for _ in range(clip_len):
        frames.append(place - 1)
        if place + stride < total:
            place += stride
    return frames


@given(
    total=st.integers(1, 400),
    clip_len=st.integers(1, 32),
    stride=st.integers(1, 8),
    seed=st.integers(0, 1000),
)
def test_clips_are_the_official_ones(total, clip_len, stride, seed):
    np.random.seed(seed)
    frames = sample(total, clip_len, stride)['frame_inds']
    assert frames.tolist() == official_clip(frames[0], total, clip_len, stride)
    assert 0 <= frames[0] <= max(total - clip_len * stride, 0)
    assert frames.max() < total


def test_every_place_is_drawn_equally_often():
    """64 frames leave one place, 67 leave four."""
    np.random.seed(0)
    assert {int(sample(64)['frame_inds'][0]) for _ in range(20)} == {0}
    first = [int(sample(67)['frame_inds'][0]) for _ in range(2000)]
    assert sum((first.count(place) - 500) ** 2 / 500 for place in range(4)) < 25


def test_short_videos_repeat_the_last_frame_reached():
    assert sample(10)['frame_inds'].tolist() == [0, 4, 8] + [8] * 13
    assert sample(9)['frame_inds'].tolist() == [0, 4] + [4] * 14
    assert sample(1)['frame_inds'].tolist() == [0] * 16


def test_the_stride_of_the_record_wins():
    assert np.diff(sample(1000, stride=4)['frame_inds']).tolist() == [4] * 15
    config = {'type': 'SampleClip', 'clip_len': 16, 'stride': 4}
    results = TRANSFORMS.build(config)({'total_frames': 1000, 'stride': 2})
    assert np.diff(results['frame_inds']).tolist() == [2] * 15
    assert (results['clip_len'], results['frame_interval'], results['num_clips']) == (16, 2, 1)


@given(total=st.integers(1, 400), clip_len=st.integers(1, 32), stride=st.integers(1, 8))
def test_the_clip_of_test_mode_is_the_middle(total, clip_len, stride):
    frames = sample(total, clip_len, stride, test_mode=True)['frame_inds']
    assert frames.tolist() == sample(total, clip_len, stride, test_mode=True)['frame_inds'].tolist()
    assert frames[0] >= 0 and frames[-1] < total
    if total > (clip_len - 1) * stride:
        assert np.diff(frames).tolist() == [stride] * (clip_len - 1)
        assert abs(frames[0] - (total - 1 - frames[-1])) <= 1


def test_windows_shift_the_frames():
    assert (sample(64, start_index=100)['frame_inds'] == np.arange(100, 164, 4)).all()


@pytest.mark.parametrize(('clip_len', 'stride'), [(0, 4), (16, 0)])
def test_impossible_clips_are_refused(clip_len, stride):
    with pytest.raises(ValueError, match='must be positive'):
        TRANSFORMS.build({'type': 'SampleClip', 'clip_len': clip_len, 'stride': stride})


@pytest.fixture(scope='module')
def movie(tmp_path_factory):
    return str(write_video(tmp_path_factory.mktemp('movie') / 'm.mp4', numbered_frames(40), fps=20))


def open_video(**record):
    return TRANSFORMS.build({'type': 'OpenVideo'})(record)


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


def test_windows_end_where_the_video_ends(movie):
    window = open_video(filename=movie, start_index=10, total_frames=20)
    assert (window['total_frames'], window['start_index']) == (20, 10)
    assert open_video(filename=movie, start_index=30, total_frames=20)['total_frames'] == 10
    with pytest.raises(VideoReadError, match='has 40 frames and the record begins at frame 40'):
        open_video(filename=movie, start_index=40)


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


def test_broken_files_raise_and_stand_in_when_asked(tmp_path):
    path = str(make_broken_video('text', tmp_path / 'broken.mp4'))
    with pytest.raises(VideoReadError):
        open_video(filename=path)
    results = open_video(filename=path, undecodable=True, start_index=7, total_frames=9)
    results = TRANSFORMS.build({'type': 'ReadFrames'})(
        {**results, 'frame_inds': np.arange(results['total_frames'])[:5]}
    )
    assert results['imgs'].shape[0] == 5 and not results['imgs'].any()
