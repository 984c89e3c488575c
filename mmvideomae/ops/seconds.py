"""From seconds to frames, and seconds of key frames as AVA's files spell them."""

import numpy as np


def frames_at(times: np.ndarray, seconds: float | np.ndarray) -> np.ndarray:
    """The frame on show at each moment, give or take half a frame -> int64 like ``seconds``.

    At a constant rate that is the nearest frame, as ``round(seconds * fps)``; where frames come
    irregularly it is the last one that has appeared, as a player shows it.  Moments outside the
    video give its first or last frame.

    Args:
        times: When each frame appears, in seconds, (F,) ascending, see `VideoReader.times`.
        seconds: Moments on the same clock, any shape.
    """
    half = 0.5 * float(np.median(np.diff(times))) if len(times) > 1 else 0.0
    # A moment in the middle between two frames belongs to the later, also after rounding.
    found = np.searchsorted(times, np.asarray(seconds) + half + 1e-9, side='right') - 1
    return found.clip(0, len(times) - 1)


def second_text(second: float) -> str:
    """``0902``, and ``12.5`` where it is not whole; milliseconds at most."""
    second = round(float(second), 3)
    return f'{int(second):04d}' if second.is_integer() else f'{second:.3f}'.rstrip('0')
