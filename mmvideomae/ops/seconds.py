"""Convert seconds to frames, and format seconds of key frames as in AVA's files."""

import math

import numpy as np

_NOTHING = 1e-9  # seconds that rounding may add or subtract


def frames_at(times: np.ndarray, seconds: float | np.ndarray) -> np.ndarray:
    """The frame shown at each moment, to within half a frame -> int64 like ``seconds``.

    A player shows the last frame that has appeared.  Here moments are rounded: the next frame
    is taken if it appears within half the time between the two frames, but never more than
    half the usual time between frames early.  At a constant rate that is
    ``round(seconds * fps)``; in a gap it is the frame that a player shows.  Moments outside the
    video map to its first or last frame.

    Args:
        times: Time at which each frame appears, in seconds, (F,) ascending, see
            `VideoReader.times`.
        seconds: Moments on the same clock, any shape.
    """
    seconds = np.asarray(seconds, np.float64)
    shown = (np.searchsorted(times, seconds, side='right') - 1).clip(0)
    following = np.minimum(shown + 1, len(times) - 1)
    usual = usual_interval(times)
    soon = is_shown_early(times[shown], times[following], following, seconds, usual)
    return np.where(soon, following, shown)


def is_shown_early(
    shown: float | np.ndarray,
    following: float | np.ndarray,
    number: int | np.ndarray,
    seconds: float | np.ndarray,
    usual: float,
) -> bool | np.ndarray:
    """Whether the next frame stands for a moment rather than the one shown, see `frames_at`.

    Args:
        shown, following: Times of the two frames.
        number: Of the next one.
        seconds: The moment, not before the first of them.
        usual: Time between frames.
    """
    early = following - seconds - 0.5 * np.minimum(following - shown, usual)
    # Like `round`: of two equally near frames, the even one.
    return (early < -_NOTHING) | ((early <= _NOTHING) & (number % 2 == 0))


def usual_interval(times: np.ndarray) -> float:
    """The median time between frames, 0 for a single one."""
    return float(np.median(np.diff(times))) if len(times) > 1 else 0.0


def resample_frames(times: np.ndarray, end: float, fps: float) -> np.ndarray:
    """The frames shown at 0, 1 / fps, 2 / fps, ... seconds from the first -> int64 (N,).

    Args:
        times: Time at which each frame appears, in seconds, (F,) ascending.
        end: Time at which the last one disappears; the N moments precede it, at least one.
        fps: Wanted frames per second; frames repeat where the video has fewer.
    """
    count = max(math.ceil((end - times[0]) * fps - 1e-6), 1)
    return frames_at(times, times[0] + np.arange(count) / fps)


def is_even(times: np.ndarray, fps: float) -> bool:
    """Whether frames appear at a constant rate, at most half a frame early or late.

    Args:
        times: Times of frames in seconds, (F,) ascending.
        fps: The rate.
    """
    late = times - times[0] - np.arange(len(times)) / fps
    return bool(np.abs(late).max() * fps <= 0.5 + 1e-6)


def second_text(second: float) -> str:
    """``0902``, or ``12.5`` if it is not whole; at most three decimals."""
    second = round(float(second), 3)
    return f'{int(second):04d}' if second.is_integer() else f'{second:.3f}'.rstrip('0')
