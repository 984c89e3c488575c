"""Contract: windows cover a video without gaps, and their steps keep its time."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmvideomae.ops.frame_windows import FrameWindows, moments_of


@settings(max_examples=50)
@given(st.integers(1, 500), st.integers(1, 60), st.sampled_from([0, 0.25, 0.5, 0.9]))
def test_windows_cover_every_step_and_end_with_the_video(
    count: int, frames: int, overlap: float
) -> None:
    starts = FrameWindows(frames, 4, overlap=overlap).starts(count)
    covered = np.zeros(count, int)
    for first in starts:
        covered[first : first + frames] += 1
    assert covered.all() and starts[0] == 0
    assert starts == sorted(set(starts))
    # No window but that of a shorter video exceeds it, and only the last one is moved back.
    assert starts[-1] == max(count - frames, 0)
    assert (np.diff(starts)[:-1] == max(round(frames * (1 - overlap)), 1)).all()


@pytest.mark.parametrize(
    ('windows', 'moments'),
    [
        (FrameWindows(4, stride=5), [0, 0.2, 0.4, 0.6]),
        (FrameWindows(4, stride=5, fps=50), [0, 0.1, 0.2, 0.3]),
        (FrameWindows(4, seconds=2), [0, 0.5, 1, 1.5]),
        # In the middle of quarters of 10 s, less half the time for which a frame is shown.
        (FrameWindows(4, stride='even'), [1.23, 3.73, 6.23, 8.73]),
    ],
)
def test_frames_lie_at_even_times(windows: FrameWindows, moments: list[float]) -> None:
    grid = windows.grid(25.0, 10.0)
    np.testing.assert_allclose(moments_of(grid, 0, 4), moments)
    np.testing.assert_allclose(moments_of(grid.cropped(1), 0, 3), moments[1:])
    # A step is the middle of the time for which its frame is shown.
    np.testing.assert_allclose(grid.to_seconds(np.arange(4)), np.add(moments, 0.5 / grid.fps))


@pytest.mark.parametrize(
    ('windows', 'count'),
    [
        (FrameWindows(9, stride=5), 50),
        (FrameWindows(9, stride=5, fps=26), 52),
        (FrameWindows(9, stride=7), 36),
        (FrameWindows(10, seconds=4), 25),
        (FrameWindows(9, stride='even'), 9),
    ],
)
def test_frames_are_counted_as_long_as_they_begin_within_the_video(
    windows: FrameWindows, count: int
) -> None:
    assert windows.count(25.0, 10.0) == count
    moments = moments_of(windows.grid(25.0, 10.0), 0, count + 1)
    assert moments[count - 1] < 10 - 1e-9 <= moments[count]


def test_a_short_video_has_a_frame_and_may_be_refused() -> None:
    assert FrameWindows(9, stride=50).count(25.0, 0.04) == 1
    assert FrameWindows(9, stride=5).find_fault(3) is None
    fault = FrameWindows(9, stride=5, pad=False).find_fault(8)
    assert fault is not None and '8 frames' in fault and 'has 9' in fault
    assert FrameWindows(9, stride=5, pad=False).find_fault(9) is None


@pytest.mark.parametrize(
    ('wrong', 'told'),
    [
        ({'frames': 8}, 'either stride'),
        ({'frames': 8, 'stride': 4, 'seconds': 2}, 'either stride'),
        ({'frames': 8, 'stride': 'odd'}, "or 'even'"),
        ({'frames': 0, 'stride': 4}, 'frames of windows must be positive'),
        ({'frames': 8, 'stride': 0}, 'stride of windows must be positive'),
        ({'frames': 8, 'seconds': float('inf')}, 'seconds of windows must be positive'),
        ({'frames': 8, 'stride': 1, 'overlap': 1}, 'overlap'),
    ],
)
def test_impossible_windows_are_refused(wrong: dict, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        FrameWindows(**wrong)
