"""From seconds to frames, and seconds of key frames as AVA's files spell them."""

import math

import numpy as np

_NOTHING = 1e-9  # seconds that rounding may add or take


def frames_at(times: np.ndarray, seconds: float | np.ndarray) -> np.ndarray:
    """The frame on show at each moment, give or take half a frame -> int64 like ``seconds``.

    A player shows the last frame that has appeared.  Moments are rounded, though: the next frame
    is taken if it appears within half the time from the one frame to the other, but never
    earlier than half the usual time between frames.  At a constant rate that is
    ``round(seconds * fps)``; in a gap it is the frame that a player holds.  Moments outside the
    video give its first or last frame.

    Args:
        times: When each frame appears, in seconds, (F,) ascending, see `VideoReader.times`.
        seconds: Moments on the same clock, any shape.
    """
    seconds = np.asarray(seconds, np.float64)
    shown = (np.searchsorted(times, seconds, side='right') - 1).clip(0)
    following = np.minimum(shown + 1, len(times) - 1)
    usual = float(np.median(np.diff(times))) if len(times) > 1 else 0.0
    near = 0.5 * np.minimum(times[following] - times[shown], usual)
    early = times[following] - seconds - near
    # As `round`: of two frames that are equally near the even one.
    soon = (early < -_NOTHING) | ((early <= _NOTHING) & (following % 2 == 0))
    return np.where(soon, following, shown)


def resample_frames(times: np.ndarray, end: float, fps: float) -> np.ndarray:
    """The frames on show at 0, 1 / fps, 2 / fps, ... seconds from the first -> int64 (N,).

    Args:
        times: When each frame appears, in seconds, (F,) ascending.
        end: When the last one disappears; N moments lie before, at least the first.
        fps: Frames per second that are wanted; frames repeat where the video has fewer.
    """
    count = max(math.ceil((end - times[0]) * fps - 1e-6), 1)
    return frames_at(times, times[0] + np.arange(count) / fps)


def is_even(times: np.ndarray, fps: float) -> bool:
    """Whether frames appear at a constant rate, none more than half a frame early or late.

    Args:
        times: In seconds, (F,) ascending.
        fps: The rate.
    """
    late = times - times[0] - np.arange(len(times)) / fps
    return bool(np.abs(late).max() * fps <= 0.5 + 1e-6)


def second_text(second: float) -> str:
    """``0902``, and ``12.5`` where it is not whole; milliseconds at most."""
    second = round(float(second), 3)
    return f'{int(second):04d}' if second.is_integer() else f'{second:.3f}'.rstrip('0')
