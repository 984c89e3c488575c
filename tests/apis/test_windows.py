"""Contract: windows cover a video to its end, and in-order sampling equals random access."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mmengine.dataset import Compose

from mmvideomae.apis.windows import WindowSampler, batched, cut_windows
from mmvideomae.datasets.transforms import ReadFrames, SampleDenseClips, SampleSegments
from mmvideomae.video.readers import ReadLimits, VideoReadError
from mmvideomae.video.streams import KeptFrames
from tests.support.videos import frame_number, numbered_frames


class Stream:
    """A video in memory that counts the frames requested of it."""

    path, fps, limits = 'memory', 10.0, ReadLimits()

    def __init__(self, length: int) -> None:
        self.pictures = numbered_frames(length, 8, 48)
        self.decoded: list[int] = []
        self.times, self.duration = np.arange(length) / self.fps, length / self.fps

    def __len__(self) -> int:
        return len(self.pictures)

    def in_order(self, wanted):
        for number in wanted:
            self.decoded.append(number)
            yield number, self.pictures[number]


@given(
    frames=st.integers(1, 200),
    fps=st.sampled_from([5.0, 24.0, 29.97]),
    length=st.floats(0.1, 12),
    stride=st.floats(0.1, 12),
)
def test_windows_cover_the_video(frames: int, fps: float, length: float, stride: float) -> None:
    duration = frames / fps
    windows = cut_windows(np.arange(frames) / fps, duration, length, stride)
    assert windows[0].start == 0 and windows[-1].end == pytest.approx(duration)
    assert windows[0].first == 0 and windows[-1].first + windows[-1].frames == frames
    for window in windows:
        assert 0 <= window.start < window.end <= duration + 1e-9
        assert window.frames >= 1 and 0 <= window.first <= frames - window.frames
        wanted = min(length, duration)
        assert window.end - window.start == pytest.approx(wanted)
    steps = np.diff([window.start for window in windows])
    assert (steps > 0).all() and steps.max(initial=0) <= stride + 1e-6
    np.testing.assert_allclose(steps[:-1], stride)


def test_windows_are_of_times_and_not_of_frame_numbers() -> None:
    """Variable rate: ten frames in the first second, then one in each."""
    times = np.concatenate([np.arange(10) / 10, np.arange(1, 6)])
    windows = cut_windows(times, 6.0, 1.0, 1.0)
    assert [(w.first, w.frames) for w in windows] == [
        (0, 10), (10, 1), (11, 1), (12, 1), (13, 1), (14, 1),
    ]  # fmt: skip


def test_a_window_in_which_no_frame_begins_shows_the_one_before() -> None:
    windows = cut_windows(np.array([0.0, 0.1, 3.0]), 3.1, 1.0, 1.0)
    assert [(w.first, w.frames) for w in windows[:3]] == [(0, 2), (1, 1), (1, 1)]


@pytest.mark.parametrize('overlap', [1, 2, 3])
def test_windows_are_bounded_by_frames_and_not_by_time_stamps(overlap: int) -> None:
    times = np.array([0.0, 0.5, 1.0, 1e9, 1e9 + 0.5, 2e9])
    windows = cut_windows(times, 4e9, 3.0, 3.0 / overlap)
    assert len(windows) <= len(times) * (10 + overlap)
    for time in times:
        assert sum(window.start <= time < window.end for window in windows) >= min(overlap, 1)
    assert windows[-1].end == pytest.approx(4e9)


def test_clips_over_the_limit_are_refused_before_they_are_gathered() -> None:
    stream = Stream(40)
    stream.limits = ReadLimits(bytes=4 * stream.pictures[0].nbytes - 1)
    windows = cut_windows(stream.times, stream.duration, 2.0, 1.0)
    choose = SampleDenseClips(clip_len=4, stride=2, test_mode=True)
    with pytest.raises(VideoReadError, match='a clip of 4 frames of 48x8 takes 4,608 bytes'):
        next(WindowSampler(choose, ReadFrames()).in_order(stream, windows))
    assert len(stream.decoded) == 1


def test_only_windows_that_repeat_a_frame_are_left_out() -> None:
    """Of slides that are shown for five and sixty seconds."""
    windows = cut_windows(np.array([0.0, 5.0, 65.0]), 70.0, 2.0, 1.0)
    starts = [round(window.start) for window in windows]
    assert starts == [*range(15), *range(64, 69)]


@pytest.mark.parametrize(('length', 'stride'), [(0, 1), (1, 0), (-1, 1)])
def test_lengths_are_positive(length: float, stride: float) -> None:
    with pytest.raises(ValueError, match='must be positive seconds'):
        cut_windows(np.arange(3.0), 1, length, stride)


@pytest.mark.parametrize('choose', [
    SampleDenseClips(clip_len=4, stride=3, test_mode=True),
    SampleDenseClips(clip_len=4, stride=2, num_clips=3, test_mode=True),
    SampleSegments(clip_len=4, num_clips=2, test_mode=True),
])  # fmt: skip
@pytest.mark.parametrize(('length', 'stride'), [(2.0, 0.5), (1.5, 2.0), (30.0, 1.0)])
def test_in_order_equals_random_access(choose, length: float, stride: float) -> None:
    stream = Stream(97)
    windows = cut_windows(np.arange(97) / 10, 9.7, length, stride)
    sampler = WindowSampler(choose, Compose([ReadFrames()]))
    seen = [[frame_number(frame) for frame in sample['imgs']]
            for sample in sampler.in_order(stream, windows)]  # fmt: skip
    expected = [
        choose({'total_frames': w.frames, 'start_index': w.first})['frame_inds'].tolist()
        for w in windows
    ]
    assert seen == expected
    assert stream.decoded == sorted(set(stream.decoded))  # each once, in order


def test_memory_is_bounded_by_the_window_and_not_by_the_video() -> None:
    held: list[int] = []

    def watch(record):
        held.append(len(record['video_reader']._frames))
        return record

    stream = Stream(400)
    windows = cut_windows(np.arange(400) / 10, 40, 2.0, 0.5)
    sampler = WindowSampler(SampleDenseClips(clip_len=4, stride=2, test_mode=True), watch)
    assert len(list(sampler.in_order(stream, windows))) == len(windows) > 70
    assert max(held) <= 20  # frames of a window


def test_pictures_of_several_sizes_are_refused() -> None:
    frames = {0: np.zeros((4, 4, 3), np.uint8), 1: np.zeros((6, 4, 3), np.uint8)}
    with pytest.raises(RuntimeError, match='frame size changes'):
        KeptFrames('v', frames, 2, 25.0).read([0, 1])


def test_batches_hold_as_many_as_asked_but_the_last() -> None:
    assert list(batched(iter('abcde'), 2)) == [['a', 'b'], ['c', 'd'], ['e']]
    assert list(batched([], 2)) == []
