"""Sampled frames follow the published rules, for every length of video."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import mmvideomae  # noqa: F401  before anything of mmaction2
from mmvideomae.registry import TRANSFORMS

LENGTHS = range(1, 401)
STRIDES = (2, 4)


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


def dense(total, stride=4, num_clips=1, test_mode=False, clip_len=16, **record):
    config = {'type': 'SampleDenseClips', 'clip_len': clip_len, 'stride': stride}
    built = TRANSFORMS.build({**config, 'num_clips': num_clips, 'test_mode': test_mode})
    return built({'total_frames': total, **record})


def segments(total, num_clips=1, test_mode=False, clip_len=16, **record):
    config = {'type': 'SampleSegments', 'clip_len': clip_len, 'num_clips': num_clips}
    return TRANSFORMS.build({**config, 'test_mode': test_mode})({'total_frames': total, **record})


def spread(start, end, count):
    """``count`` numbers from start to end at equal steps, as plain arithmetic has them."""
    return [start + (end - start) * x / (count - 1) if x else start for x in range(count)]


def long_clip(end, span, clip_len):
    """C.4: the clip of a video longer than its span, which ends before ``end``."""
    return [int(min(place, end - 1)) for place in spread(end - span, end, clip_len)]


def short_clip(total, stride, clip_len):
    """C.4: the clip of a video no longer than the span."""
    places = spread(0, total, total // stride)
    places += [total] * (clip_len - len(places))
    return [int(min(place, total - 1)) for place in places]


@pytest.mark.parametrize('stride', STRIDES)
def test_training_clips_are_those_of_the_dense_rule(stride, monkeypatch):
    """The random end comes from the range of the rule, and gives the clip of the rule."""
    asked = []

    def randint(low, high):
        asked.append((low, high))
        return rng.integers(low, high)

    rng = np.random.default_rng(0)
    monkeypatch.setattr(np.random, 'randint', randint)
    span = 16 * stride
    for total in LENGTHS:
        frames = dense(total, stride)['frame_inds'].tolist()
        if total <= span:
            assert not asked
            assert frames == short_clip(total, stride, 16), total
        else:
            assert asked.pop() == (span, total)
            expected = [long_clip(end, span, 16) for end in range(span, total)]
            assert frames in expected, total


def test_every_training_clip_is_drawn_equally_often():
    """67 frames leave three ends; the last frame of the video is out of reach."""
    np.random.seed(0)
    last = [int(dense(67)['frame_inds'][-1]) for _ in range(1500)]
    assert set(last) == {63, 64, 65}
    assert sum((last.count(frame) - 500) ** 2 / 500 for frame in set(last)) < 15


@pytest.mark.parametrize('stride', STRIDES)
def test_the_clip_of_validation_is_the_middle_one_of_the_rule(stride):
    span = 16 * stride
    for total in LENGTHS:
        frames = dense(total, stride, test_mode=True)['frame_inds'].tolist()
        if total <= span:
            assert frames == short_clip(total, stride, 16), total
        else:
            assert frames == long_clip((span + total) // 2, span, 16), total


@pytest.mark.parametrize('stride', STRIDES)
@pytest.mark.parametrize('num_clips', [2, 4, 5, 7, 10])
@pytest.mark.parametrize('clip_len', [16, 32])
def test_clips_of_a_test_are_those_of_the_dense_rule(stride, num_clips, clip_len):
    for total in LENGTHS:
        strided = list(range(total))[::stride]
        while len(strided) < clip_len:
            strided.append(strided[-1])
        step = max((len(strided) - clip_len) / (num_clips - 1), 0)
        expected = []
        for number in range(num_clips):
            expected += strided[int(number * step) :][:clip_len]
        results = dense(total, stride, num_clips, True, clip_len)
        assert results['frame_inds'].tolist() == expected, total
        assert (results['num_clips'], results['clip_len']) == (num_clips, clip_len)


@pytest.mark.parametrize('total', [1, 2, 3, 4, 5, 8])
def test_the_shortest_videos_have_clips_too(total):
    """Fewer frames than the stride: the last one; then the first and the last one."""
    for test_mode in (False, True):
        frames = dense(total, test_mode=test_mode)['frame_inds'].tolist()
        assert frames == ([0] if total >= 4 else []) + [total - 1] * (15 if total >= 4 else 16)
    views = dense(total, num_clips=5, test_mode=True)['frame_inds'].reshape(5, 16)
    assert (views == views[0]).all() and views[0, 0] == 0 and views.max() == (total - 1) // 4 * 4


@given(
    total=st.integers(1, 500),
    clip_len=st.integers(1, 32),
    stride=st.integers(1, 8),
    num_clips=st.integers(1, 12),
    test_mode=st.booleans(),
)
def test_frames_exist_and_never_go_back(total, clip_len, stride, num_clips, test_mode):
    count = num_clips if test_mode else 1
    for results in (
        dense(total, stride, count, test_mode, clip_len),
        segments(total, count, test_mode, clip_len),
    ):
        frames = results['frame_inds']
        assert frames.shape == (count * clip_len,) and frames.dtype == np.int64
        assert frames.min() >= 0 and frames.max() < total
        assert (np.diff(frames.reshape(count, clip_len), axis=1) >= 0).all()


def test_training_segments_give_a_random_frame_each():
    for total in LENGTHS:
        np.random.seed(total)
        frames = segments(total)['frame_inds'].tolist()
        if total < 16:
            assert frames == [0] * (16 - total) + list(range(total))
        else:
            average = total // 16
            np.random.seed(total)
            drawn = np.random.randint(average, size=16)
            assert frames == [i * average + drawn[i] for i in range(16)]


def test_every_frame_of_a_segment_is_drawn_equally_often():
    """Three frames in each of 16 segments; those left over at the end are never drawn."""
    np.random.seed(0)
    frames = np.stack([segments(50)['frame_inds'] for _ in range(600)])
    offsets = frames - 3 * np.arange(16)
    counts = np.stack([(offsets == place).sum(axis=0) for place in range(3)])
    assert counts.sum() == frames.size
    assert (((counts - 200) ** 2 / 200).sum(axis=0) < 20).all()
    pairs = offsets[:, 0] * 3 + offsets[:, 1]
    assert ((np.bincount(pairs) - 600 / 9) ** 2 / (600 / 9)).sum() < 30  # drawn apart


def test_the_clip_of_validation_is_the_middle_of_segments():
    for total in LENGTHS:
        frames = segments(total, test_mode=True)['frame_inds'].tolist()
        if total < 16:
            assert frames == [0] * (16 - total) + list(range(total))
        else:
            assert frames == [i * (total // 16) + total // 16 // 2 for i in range(16)]


@pytest.mark.parametrize('num_clips', [2, 3, 5])
@pytest.mark.parametrize('clip_len', [16, 32])
def test_clips_of_a_test_interleave(num_clips, clip_len):
    for total in LENGTHS:
        tick = total / clip_len
        places = sorted(
            int(s * tick / num_clips + tick * x) for s in range(num_clips) for x in range(clip_len)
        )
        expected = [places[clip::num_clips] for clip in range(num_clips)]
        frames = segments(total, num_clips, True, clip_len)['frame_inds']
        assert frames.reshape(num_clips, clip_len).tolist() == expected, total


def test_two_clips_are_those_of_both_versions():
    """V1 lists the second half-steps first, but sorts as V2 does: the clips are equal."""
    for total in LENGTHS:
        tick = total / 16
        listed = [int(tick / 2 + tick * x) for x in range(16)] + [int(tick * x) for x in range(16)]
        frames = segments(total, 2, True)['frame_inds'].reshape(2, 16).tolist()
        assert frames == [sorted(listed)[clip::2] for clip in range(2)], total
        if total >= 32:  # then sorting only shuffles the two together
            assert frames == [listed[16:], listed[:16]]


def test_records_bring_their_start_and_stride():
    plain = dense(300, num_clips=5, test_mode=True)['frame_inds']
    assert (dense(300, num_clips=5, test_mode=True, start_index=7)['frame_inds'] == plain + 7).all()
    built = TRANSFORMS.build({'type': 'SampleDenseClips', 'clip_len': 16, 'stride': 4})
    results = built({'total_frames': 30, 'stride': 2})
    assert results['frame_interval'] == 2
    assert results['frame_inds'].tolist() == short_clip(30, 2, 16)
    assert (
        segments(300, test_mode=True, start_index=7)['frame_inds']
        == segments(300, test_mode=True)['frame_inds'] + 7
    ).all()


@pytest.mark.parametrize('kind', ['SampleDenseClips', 'SampleSegments'])
@pytest.mark.parametrize(
    ('changes', 'message'),
    [
        ({'clip_len': 0}, 'must be positive'),
        ({'num_clips': 0}, 'must be positive'),
        ({'num_clips': 2}, 'needs test_mode=True'),
    ],
)
def test_impossible_samplings_are_refused(kind, changes, message):
    stride = {'stride': 4} if kind == 'SampleDenseClips' else {}
    with pytest.raises(ValueError, match=message):
        TRANSFORMS.build({'type': kind, 'clip_len': 16, **stride, **changes})
