"""Contract: clips surround their key frame, with the frames that the official codes use."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mmaction.datasets.transforms import SampleAVAFrames

from mmvideomae.datasets.transforms import SampleKeyFrameClip
from mmvideomae.formats.annotations import AnnotationError


def moment(second: float = 10.0, total: int = 600, fps: float = 30.0, **more: Any) -> dict:
    record = {'video_id': 'v', 'second': second, 'total_frames': total, 'fps': fps}
    return {**record, 'start_index': 0, **more}


def offsets(sampler: SampleKeyFrameClip, **record: Any) -> list[int]:
    """Frames of the clip as seen from the key frame, number 300."""
    return (sampler(moment(**record))['frame_inds'] - 300).tolist()


def test_offsets_are_those_of_the_official_code_and_of_mmaction2() -> None:
    official = [*range(-31, 30, 4)]
    assert offsets(SampleKeyFrameClip(16, 4)) == official and len(official) == 16
    # The window as AlphAction reads it, 32 frames before the key frame and 32 from it on.
    window = list(range(-32, 32))
    start = (len(window) - 64) // 2 + 1
    assert window[start::4][:16] == official
    theirs = SampleAVAFrames(clip_len=16, frame_interval=4, test_mode=True)
    record = dict(fps=30, timestamp=10, timestamp_start=0, total_frames=600)
    assert offsets(SampleKeyFrameClip(16, 4, phase=0)) == [
        frame - 300 for frame in theirs.transform(record)['frame_inds']
    ]
    assert offsets(SampleKeyFrameClip(8, 2)) == [-7, -5, -3, -1, 1, 3, 5, 7]
    assert offsets(SampleKeyFrameClip(1, 1, phase=0)) == [0]


def test_jitter_moves_frames_as_mmaction2_does() -> None:
    np.random.seed(0)
    still = np.array(offsets(SampleKeyFrameClip(16, 4, phase=0)))
    moved = np.array([offsets(SampleKeyFrameClip(16, 4, 0, jitter=True)) for _ in range(200)])
    record = dict(fps=30, timestamp=10, timestamp_start=0, total_frames=600)
    sampler = SampleAVAFrames(clip_len=16, frame_interval=4)
    theirs = np.array([sampler.transform(dict(record))['frame_inds'] - 300 for _ in range(200)])
    for drawn in (moved - still, theirs - still):
        assert set(np.unique(drawn)) == {-2, -1, 0, 1}
        assert np.abs(np.bincount(drawn.ravel() + 2) / drawn.size - 0.25).max() < 0.03
    odd = np.array([offsets(SampleKeyFrameClip(4, 3, 0, jitter=True)) for _ in range(50)])
    assert set(np.unique(odd - offsets(SampleKeyFrameClip(4, 3, 0)))) == {-1, 0, 1}


@pytest.mark.parametrize(('fps', 'per_frame'), [(15, 0.5), (25, 25 / 30), (60, 2.0)])
def test_frames_can_be_counted_at_a_rate_of_their_own(fps: float, per_frame: float) -> None:
    sampler = SampleKeyFrameClip(16, 4, fps=30)
    frames = sampler(moment(10.0, int(20 * fps), fps))['frame_inds'] - 10 * fps
    assert frames.tolist() == [round(offset * per_frame) for offset in range(-31, 30, 4)]
    seconds = frames / fps
    assert np.abs(seconds - np.arange(-31, 30, 4) / 30).max() <= 0.5 / fps + 1e-9


@given(
    second=st.floats(900, 1000),
    fps=st.floats(1, 120),
    length=st.floats(1, 100),
    rate=st.none() | st.floats(1, 60),
    jitter=st.booleans(),
)
def test_frames_lie_in_the_video_or_the_key_frame_is_refused(
    second: float, fps: float, length: float, rate: float | None, jitter: bool
) -> None:
    total = max(1, int(length * fps))
    record = moment(second, total, fps, start_second=900.0, start_index=5)
    sampler = SampleKeyFrameClip(8, 4, jitter=jitter, fps=rate)
    if (second - 900) * fps >= total:
        with pytest.raises(AnnotationError, match='lies outside'):
            sampler(record)
        return
    frames = sampler(record)['frame_inds'] - 5
    assert frames.dtype == np.int64 and len(frames) == 8
    assert frames.min() >= 0 and frames.max() < total
    assert jitter or (np.diff(frames) >= 0).all()


@pytest.mark.parametrize('second', [899, 899.99, 920, 1e6])
def test_a_key_frame_outside_the_video_is_one_clear_error(second: float) -> None:
    record = moment(second, start_second=900.0, filename='/videos/v.mp4')
    with pytest.raises(AnnotationError) as caught:
        SampleKeyFrameClip()(record)
    told = str(caught.value)
    assert f"video 'v': timestamp {second:g} lies outside it" in told and '\n' not in told
    assert 'from second 900 to 920.00 (600 frames at 30 per second, /videos/v.mp4)' in told


def test_the_last_moment_of_a_video_has_a_frame() -> None:
    frames = SampleKeyFrameClip(2, 1)(moment(19.999, 600))['frame_inds']
    assert frames.tolist() == [599, 599]  # the key frame and, repeated, the one behind it
    blank = SampleKeyFrameClip(2, 1)(moment(5000, undecodable=True))
    assert blank['frame_inds'].tolist() == [0, 1]


@given(
    gaps=st.lists(st.floats(0.01, 2), min_size=1, max_size=60),
    place=st.floats(0, 1),
    rate=st.sampled_from([5.0, 25.0, 60.0]),
    first=st.integers(0, 20),
)
def test_at_an_uneven_rate_frames_are_those_on_show(
    gaps: list[float], place: float, rate: float, first: int
) -> None:
    """Of a record that is a part of its video, too: times count from the video's start."""
    times = 3.0 + np.cumsum(gaps)
    end = times[-1] + 0.5
    moment = times[0] + place * (end - times[0]) * 0.999
    average = len(times) / (end - times[0])
    record = {'video_id': 'v', 'second': 900 + moment, 'start_second': 900.0, 'start_index': first}
    record.update(total_frames=len(times), fps=average, frame_times=times, frames_end=end)
    usual = float(np.median(np.diff(times))) if len(times) > 1 else 0.0
    key = SampleKeyFrameClip(1, 1, phase=0)(dict(record))['frame_inds'][0] - first
    assert on_show(times, moment) <= key <= on_show(times, moment + usual / 2 + 1e-6)
    own = SampleKeyFrameClip(8, 4)(dict(record))['frame_inds'] - first
    assert own.tolist() == (key + np.arange(-15, 16, 4)).clip(0, len(times) - 1).tolist()
    if any(abs((time - times[0]) * average - n) > 0.55 for n, time in enumerate(times)):
        found = SampleKeyFrameClip(8, 4, fps=rate)(dict(record))['frame_inds'] - first
        for frame, offset in zip(found.tolist(), range(-15, 16, 4), strict=True):
            wanted = moment + offset / rate
            assert on_show(times, wanted - 1e-6) <= frame
            assert frame <= on_show(times, wanted + usual / 2 + 1e-6)


def on_show(times: np.ndarray, moment: float) -> int:
    """What a player shows, restated."""
    return max((n for n, time in enumerate(times.tolist()) if time <= moment), default=0)


def test_a_part_of_a_video_has_its_own_ends() -> None:
    record = moment(5.0, 50, 25.0, frame_times=100 / 25 + np.arange(50) / 25, frames_end=6.0)
    assert SampleKeyFrameClip(1, 1, phase=0)(dict(record))['frame_inds'] == [25]
    for second in (3.9, 6.0):
        with pytest.raises(AnnotationError, match=r'from second 4 to 6\.00 \(50 frames'):
            SampleKeyFrameClip()({**record, 'second': second})


@pytest.mark.parametrize('settings', [{'clip_len': 0}, {'phase': 5}, {'fps': 0}])
def test_impossible_settings_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match='got'):
        SampleKeyFrameClip(**settings)
