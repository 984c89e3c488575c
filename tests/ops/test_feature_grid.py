"""Contract: steps and seconds convert into each other by the published formulas."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional as F

from mmvideomae.ops.feature_grid import FeatureGrid

GRIDS = st.builds(
    FeatureGrid,
    fps=st.floats(1, 240),
    stride=st.floats(0.25, 64),
    window=st.integers(1, 64),
    interval=st.integers(1, 8),
    offset=st.floats(-100, 1000),
)


@given(GRIDS, st.floats(0, 36000))
def test_seconds_to_steps_and_back_within_half_a_frame(grid: FeatureGrid, seconds: float) -> None:
    assert abs(grid.to_seconds(grid.to_steps(seconds)) - seconds) < 0.5 / grid.fps


@pytest.mark.parametrize(('stride', 'fps'), [(4, 30.0), (16, 30.0), (4, 29.97), (16, 25.0)])
def test_published_formulae(stride: int, fps: float) -> None:
    grid = FeatureGrid(fps=fps, stride=stride, window=16)
    seconds = np.array([[0.0, 1.5], [20.25, 300.0]])
    expected = seconds * fps / stride - 0.5 * 16 / stride
    np.testing.assert_allclose(grid.to_steps(seconds), expected)
    steps = np.arange(5)
    np.testing.assert_allclose(grid.to_seconds(steps), (steps * stride + 8) / fps)


@given(
    stride=st.integers(1, 20),
    window=st.integers(1, 20),
    interval=st.integers(1, 4),
    offset=st.integers(0, 9),
    frames=st.integers(1, 300),
)
def test_steps_are_the_windows_that_fit(
    stride: int, window: int, interval: int, offset: int, frames: int
) -> None:
    grid = FeatureGrid(25.0, stride, window, interval, offset)
    fitting = [s for s in range(offset, frames, stride) if s + window * interval <= frames]
    assert grid.num_steps(frames) == max(len(fitting), 1)


@given(GRIDS, st.integers(0, 500), st.floats(0, 500))
def test_cropping_keeps_times(grid: FeatureGrid, first: int, step: float) -> None:
    assert grid.cropped(first).to_seconds(step) == pytest.approx(grid.to_seconds(step + first))


@pytest.mark.parametrize(('steps', 'to'), [(40, 20), (40, 97), (7, 7)])
def test_resampling_keeps_times(steps: int, to: int) -> None:
    grid = FeatureGrid(fps=30.0, stride=4, window=16, offset=3)
    times = torch.from_numpy(grid.to_seconds(np.arange(steps)))[None, None]
    moved = F.interpolate(times, size=to, mode='linear', align_corners=False)[0, 0].numpy()
    expected = grid.resampled(steps, to).to_seconds(np.arange(to))
    inside = (expected > times.min().item()) & (expected < times.max().item())
    assert inside.sum() >= to - 4  # beyond its ends interpolation repeats the last value
    np.testing.assert_allclose(moved[inside], expected[inside])


@pytest.mark.parametrize(
    ('key', 'value'),
    [('fps', 0.0), ('fps', float('nan')), ('stride', -1), ('window', 0), ('interval', 0)],
)
def test_values_that_make_no_grid(key: str, value: float) -> None:
    with pytest.raises(ValueError, match=f'{key} of a feature grid must be positive'):
        FeatureGrid(**{'fps': 25.0, 'stride': 4, 'window': 16, 'interval': 1, key: value})


def test_a_video_without_frames_has_no_grid() -> None:
    with pytest.raises(ValueError, match='at least one frame, got 0'):
        FeatureGrid(25.0, 4, 16).num_steps(0)
    with pytest.raises(ValueError, match='must be positive, got 0 and 4'):
        FeatureGrid(25.0, 4, 16).resampled(0, 4)
