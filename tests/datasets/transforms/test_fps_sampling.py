"""Clips at a frame rate: the released window rule, padding, pairs, test starts, real files."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import mmvideomae  # noqa: F401  before anything of mmaction2
from mmvideomae.datasets.transforms.fps_sampling import FrameRateError
from mmvideomae.registry import TRANSFORMS
from tests.support.videos import frame_number, numbered_frames, write_video

LENGTHS = st.integers(1, 60)
CLIPS = st.integers(1, 12)
STEPS = st.integers(1, 8)
SEEDS = st.integers(0, 10**6)


def sample(frames, seed=0, grid_fps=None, clip_len=5, fps=2, record=None, **options):
    """Positions on the grid of a file with ``frames`` codes."""
    config = {'type': 'SampleFps', 'clip_len': clip_len, 'fps': fps, **options}
    np.random.seed(seed)
    found = {'total_frames': frames, 'grid_fps': grid_fps or fps}
    return TRANSFORMS.build(config)(found if record is None else record)


def released(frames, start, clip_len, step):
    """The slice that the released code takes, and its padding, as lists."""
    shown = list(range(frames))[start : start + clip_len * step : step]
    return shown, clip_len - len(shown)


@given(frames=LENGTHS, clip_len=CLIPS, step=STEPS, seed=SEEDS, clips=st.integers(1, 3))
def test_training_clips_are_those_of_the_released_slices(frames, clip_len, step, seed, clips):
    found = sample(frames, seed, 2 * step, clip_len, num_clips=clips)
    inds, padded = found['frame_inds'].reshape(clips, clip_len), found['pad_mask']
    assert inds.dtype == np.int64 and padded.dtype == bool and padded.shape == inds.shape
    assert (found['num_clips'], found['clip_len']) == (clips, clip_len)
    for row, pads in zip(inds.tolist(), padded.tolist(), strict=True):
        last = max(frames + step - 1 - clip_len * step, 0)
        assert 0 <= row[0] <= last
        shown, missing = released(frames, row[0], clip_len, step)
        assert row[: len(shown)] == shown and row[len(shown) :] == [shown[-1]] * missing
        assert pads == [False] * len(shown) + [True] * missing
        if frames >= (clip_len - 1) * step + 1:
            assert not missing  # a clip that fits is whole


@given(frames=LENGTHS, clip_len=CLIPS, step=STEPS)
def test_starts_of_training_reach_both_ends_and_no_further(frames, clip_len, step):
    last = max(frames + step - 1 - clip_len * step, 0)
    config = {'type': 'SampleFps', 'clip_len': clip_len, 'fps': 2, 'num_clips': 400}
    np.random.seed(0)
    found = TRANSFORMS.build(config)({'total_frames': frames, 'grid_fps': 2 * step})
    starts = found['frame_inds'].reshape(400, clip_len)[:, 0]
    assert set(starts.tolist()) <= set(range(last + 1))
    if last < 20:
        assert set(starts.tolist()) == set(range(last + 1))


@given(frames=LENGTHS, clip_len=CLIPS, step=STEPS, clips=st.integers(2, 10), seed=SEEDS)
def test_test_starts_are_spread_from_end_to_end(frames, clip_len, step, clips, seed):
    found = sample(frames, seed, 2 * step, clip_len, num_clips=clips, test_mode=True)
    delta = max(frames + step - 1 - clip_len * step, 0)
    starts = found['frame_inds'].reshape(clips, clip_len)[:, 0].tolist()
    assert starts == [int(delta * number / (clips - 1)) for number in range(clips)]


@given(frames=LENGTHS, clip_len=CLIPS)
def test_a_single_test_clip_is_the_middle_one_of_three(frames, clip_len):
    one, three = (
        sample(frames, clip_len=clip_len, num_clips=n, test_mode=True)['frame_inds'].reshape(n, -1)
        for n in (1, 3)
    )
    assert (one[0] == three[1]).all()


@given(
    frames=st.integers(1, 200),
    seconds=st.sampled_from([0, 0.5, 3, 10, 30]),
    fps=st.sampled_from([2, 4]),
    seed=SEEDS,
)
def test_pairs_are_no_further_apart_than_asked(frames, seconds, fps, seed):
    found = sample(frames, seed, fps, num_clips=2, max_distance=seconds, fps=fps)
    first, second = found['frame_inds'].reshape(2, 5)[:, 0].tolist()
    assert abs(first - second) <= seconds * fps  # 30, 10 and 0 s are 60, 20 and 0 frames at 2 fps


def test_a_pair_uses_all_of_its_range_inside_the_video():
    config = {'type': 'SampleFps', 'clip_len': 1, 'fps': 2, 'num_clips': 2, 'max_distance': 1.5}
    transform = TRANSFORMS.build(config)
    np.random.seed(0)
    seen: dict[int, set[int]] = {}
    for _ in range(4000):
        found = transform({'total_frames': 9, 'grid_fps': 2})['frame_inds'].tolist()
        seen.setdefault(found[0], set()).add(found[1])
    assert sorted(seen) == list(range(9))
    for first, seconds in seen.items():
        assert seconds == {s for s in range(9) if abs(s - first) <= 3}


def test_without_a_limit_pairs_are_independent():
    np.random.seed(0)
    transform = TRANSFORMS.build({'type': 'SampleFps', 'clip_len': 1, 'fps': 2, 'num_clips': 2})
    pairs = np.array(
        [transform({'total_frames': 4, 'grid_fps': 2})['frame_inds'] for _ in range(4000)]
    )
    counts = np.histogram2d(*pairs.T, bins=4)[0] / len(pairs)
    assert np.abs(counts - 1 / 16).max() < 0.015


@pytest.mark.parametrize(('rate', 'grid_fps'), [(25, 2), (30, 16), (12, 16), (24000 / 1001, 16)])
def test_frames_of_a_video_are_those_on_show(tmp_path, rate, grid_fps):
    path = write_video(tmp_path / 'a.mp4', numbered_frames(61), fps=rate)
    opened = TRANSFORMS.build({'type': 'OpenVideo'})({'filename': str(path)})
    config = {'type': 'SampleFps', 'clip_len': 4, 'fps': 2, 'grid_fps': grid_fps, 'num_clips': 2}
    np.random.seed(1)
    sampled = TRANSFORMS.build(config)(opened)
    inds, padded = sampled['frame_inds'].reshape(2, 4), sampled['pad_mask']
    for row, pads in zip(inds, padded, strict=True):
        moments = row[~pads] / rate
        assert np.abs(np.diff(moments) - 0.5).max(initial=0) <= 1 / rate + 1e-6
    # On the grid: each start is a multiple of 1 / grid_fps, give or take half a frame.
    start = inds[:, 0] / rate * grid_fps
    assert np.abs(start - np.round(start)).max() <= 0.5 * grid_fps / rate + 1e-6
    imgs = TRANSFORMS.build({'type': 'ReadFrames'})(sampled)['imgs']
    assert [frame_number(frame) for frame in imgs] == inds.reshape(-1).tolist()


@pytest.mark.parametrize(('seconds', 'grid'), [(2.0, 4), (2.2, 5), (0.1, 1)])
def test_as_many_frames_as_moments_lie_before_the_end(seconds, grid):
    times = np.arange(0, seconds, 0.04)
    record = {'frame_times': times + 7, 'frames_end': 7 + seconds, 'start_index': 100}
    found = sample(0, clip_len=8, record=record)
    assert (~found['pad_mask']).sum() == grid
    assert found['frame_inds'][0] == 100
    assert found['frame_inds'].max() < 100 + len(times)


def test_the_rate_of_a_file_of_codes_wins():
    slow = sample(10, grid_fps=2)
    fast = sample(80, grid_fps=16)
    assert np.diff(slow['frame_inds']).tolist() == [1] * 4
    assert np.diff(fast['frame_inds']).tolist() == [8] * 4


def test_rates_that_do_not_fit_are_named():
    with pytest.raises(FrameRateError, match=r'clips of 4 frames .* from 2 frames per second'):
        sample(10, grid_fps=2, fps=4)
    with pytest.raises(FrameRateError, match=r'clips of 3 frames .* from 16'):
        TRANSFORMS.build({'type': 'SampleFps', 'clip_len': 5, 'fps': 3, 'grid_fps': 16})
    with pytest.raises(ValueError, match='must be positive, got 0, 1, 2'):
        sample(10, clip_len=0)
    with pytest.raises(ValueError, match='max_distance must not be negative, got -1'):
        sample(10, max_distance=-1)
