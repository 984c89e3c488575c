"""Windows of frames, sampled at even times, from untrimmed videos."""

import math
from dataclasses import dataclass

import numpy as np

from mmvideomae.ops.feature_grid import FeatureGrid

_ROUNDING = 1e-6  # of a sampled frame


@dataclass(frozen=True)
class FrameWindows:
    """How windows with a fixed number of frames are taken from videos of any length.

    The frames that windows may contain are sampled at even times from the start of the video to
    its end; a step of a window is one of them.

    Args:
        frames: Frames in a window.
        stride: Frames of the video from one to the next; ``'even'`` spreads ``frames`` of them
            over the whole video, which is then its only window (ActivityNet).
        seconds: Length of a window, instead of the stride.
        fps: Rate at which the stride counts; None: that of each video.
        overlap: Share of a window that the next one repeats, when windows follow one another.
        pad: Allow windows longer than the video, which the model then pads.

    Raises:
        ValueError: A number is out of range, or not exactly one of stride and seconds is given.
    """

    frames: int
    stride: float | str | None = None
    seconds: float | None = None
    fps: float | None = None
    overlap: float = 0.5
    pad: bool = True

    def __post_init__(self) -> None:
        if (self.stride is None) == (self.seconds is None):
            raise ValueError('windows need either stride, in frames, or seconds, their length')
        if isinstance(self.stride, str) and self.stride != 'even':
            raise ValueError(f"stride must be a number of frames or 'even', got {self.stride!r}")
        for name in ('frames', 'stride', 'seconds', 'fps'):
            value = getattr(self, name)
            if isinstance(value, int | float) and not (math.isfinite(value) and value > 0):
                raise ValueError(f'{name} of windows must be positive, got {value}')
        if not 0 <= self.overlap < 1:
            raise ValueError(f'overlap of windows must be in [0, 1), got {self.overlap}')

    @property
    def whole(self) -> bool:
        """Whether a window is a whole video."""
        return self.stride == 'even'

    def grid(self, fps: float, duration: float) -> FeatureGrid:
        """The times of all sampled frames of a video.

        A frame stands for the time during which it is shown; where frames are spread evenly over
        the video, each is in the middle of its share.

        Args:
            fps: Average rate of the video.
            duration: In seconds.
        """
        rate = self.fps or fps
        if self.stride == 'even':
            share = duration * rate / self.frames
            return FeatureGrid(rate, share, 1, offset=0.5 * (share - 1))
        if self.seconds is not None:
            return FeatureGrid(rate, self.seconds * rate / self.frames, 1)
        return FeatureGrid(rate, float(self.stride or 0), 1)

    def count(self, fps: float, duration: float) -> int:
        """Number of sampled frames of a video, at least one; see `grid`."""
        if self.whole:
            return self.frames
        grid = self.grid(fps, duration)
        return max(math.ceil(duration * grid.fps / grid.stride - _ROUNDING), 1)

    def find_fault(self, count: int) -> str | None:
        """Say why a video of ``count`` sampled frames has no window; None if it has one."""
        if self.pad or count >= self.frames:
            return None
        return (
            f'it has {count} frames at these times, but a window has {self.frames}: make windows '
            'shorter, or set pad=True in windows'
        )

    def starts(self, count: int) -> list[int]:
        """First steps of the windows that cover a video of ``count`` sampled frames.

        Each begins ``1 - overlap`` of a window after the one before, and the last one ends with
        the video.  A shorter video has one window.
        """
        last = count - self.frames
        return [0] if last <= 0 else [*range(0, last, self.hop), last]

    @property
    def hop(self) -> int:
        """Steps from one of the windows that cover a video to the next."""
        return max(round(self.frames * (1 - self.overlap)), 1)


def moments_of(grid: FeatureGrid, first: int, count: int) -> np.ndarray:
    """Seconds from the start of a video at which ``count`` sampled frames appear, float64."""
    return grid.to_seconds(first + np.arange(count)) - 0.5 / grid.fps
