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
    usual = float(np.median(np.diff(times))) if len(times) > 1 else 0.0
    near = 0.5 * np.minimum(times[following] - times[shown], usual)
    early = times[following] - seconds - near
    # Like `round`: of two equally near frames, the even one.
    soon = (early < -_NOTHING) | ((early <= _NOTHING) & (following % 2 == 0))
    return np.where(soon, following, shown)


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
