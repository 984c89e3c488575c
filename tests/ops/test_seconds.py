"""Contract: a time selects the frame on display, and AVA's notation is exact to the millisecond."""

import statistics

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmvideomae.ops.seconds import frames_at, is_even, second_text

ASCENDING = st.lists(st.floats(0.001, 100), min_size=0, max_size=40).map(
    lambda gaps: np.concatenate([[0.0], np.cumsum(gaps)]).tolist()
)


@given(st.integers(0, 10**8))
def test_a_second_can_be_read_again(milliseconds: int) -> None:
    second = milliseconds / 1000
    text = second_text(second)
    assert float(text) == second and 'e' not in text
    assert text.isdecimal() and len(text) >= 4 if second.is_integer() else '.' in text


@pytest.mark.parametrize(
    ('second', 'text'),
    [(902, '0902'), (0, '0000'), (12345, '12345'), (12.5, '12.5'), (1 / 3, '0.333')],
)
def test_seconds_are_spelled_as_in_avas_files(second: float, text: str) -> None:
    assert second_text(second) == text


@given(times=ASCENDING, moments=st.lists(st.floats(-10, 5000), min_size=1))
def test_a_moment_shows_the_frame_that_a_player_shows_or_the_next(
    times: list[float], moments: list[float]
) -> None:
    usual = statistics.median(np.diff(times)) if len(times) > 1 else 0.0
    for moment, found in zip(moments, frames_at(np.array(times), moments).tolist(), strict=True):
        shown = max((n for n, time in enumerate(times) if time <= moment), default=0)
        assert found in (shown, shown + 1) and found < len(times)
        if found == shown + 1:
            gap = times[found] - times[shown]
            assert times[found] - moment <= min(gap, usual) / 2 + 1e-6
        elif shown + 1 < len(times) and moment >= times[0]:
            gap = times[shown + 1] - times[shown]
            assert times[shown + 1] - moment >= min(gap, usual) / 2 - 1e-6


@given(
    frames=st.integers(1, 500),
    fps=st.sampled_from([0.5, 15, 24000 / 1001, 25, 30000 / 1001, 60, 240]),
    place=st.floats(-2, 502),
)
def test_at_a_constant_rate_it_is_the_nearest_frame(frames: int, fps: float, place: float) -> None:
    found = int(frames_at(np.arange(frames) / fps, place / fps))
    assert abs(found - min(max(place, 0), frames - 1)) <= 0.5 + 1e-6


def test_halves_are_rounded_to_the_even_frame_as_python_rounds() -> None:
    times = np.arange(20) / 15
    for place in np.arange(0, 19, 0.5):
        assert frames_at(times, place / 15) == round(place)


def test_a_gap_shows_the_frame_before_it_and_moments_keep_their_shape() -> None:
    times = np.array([0, 0.04, 0.08, 86400.0])
    moments = np.array([[0.09, 43200], [86399.9, 86400]])
    assert frames_at(times, moments).tolist() == [[2, 2], [2, 3]]
    # Few frames come fast and many slowly: the usual time between them is a long one.
    slow = np.concatenate([np.arange(10) / 25, 1 + np.arange(50)])
    assert frames_at(slow, 0.21).tolist() == 5


@given(times=ASCENDING, fps=st.floats(0.1, 100))
def test_times_are_even_if_none_is_more_than_half_a_frame_off(
    times: list[float], fps: float
) -> None:
    worst = max(abs((time - times[0]) * fps - n) for n, time in enumerate(times))
    if abs(worst - 0.5) > 1e-5:
        assert is_even(np.array(times), fps) == (worst < 0.5)


@pytest.mark.parametrize('clock', [1000, 90000])
@pytest.mark.parametrize('fps', [24000 / 1001, 25, 30000 / 1001, 60, 120])
def test_rounding_of_time_stamps_leaves_a_constant_rate_even(clock: int, fps: float) -> None:
    times = np.round(np.arange(5000) / fps * clock) / clock
    assert is_even(times, fps)
    assert not is_even(np.delete(times, [100, 200]), fps)
