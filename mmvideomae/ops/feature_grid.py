"""Where the steps of a feature sequence lie in the time of its video."""

import math
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np

Times = TypeVar('Times', float, np.ndarray)


@dataclass(frozen=True)
class FeatureGrid:
    """Feature ``i`` describes the frames from ``offset + i * stride`` on, ``span`` of them.

    A step stands for the centre of its span: step ``i`` is at
    ``(offset + i * stride + span / 2) / fps`` seconds (ActionFormer's time formulae, which
    VideoMAE V2's features follow with 16 consecutive frames).  Steps between two features
    are fractions.  A grid whose features were resampled has a stride and an offset that are
    no whole frames, and the offset may be negative.

    Args:
        fps: Frames per second of the video.
        stride: Frames from one feature to the next.
        window: Frames that a feature is computed from.
        interval: Frames from one of them to the next; 1: consecutive ones.
        offset: First frame of step 0.

    Raises:
        ValueError: A value is not finite, or one other than the offset is not positive.
    """

    fps: float
    stride: float
    window: int
    interval: int = 1
    offset: float = 0

    def __post_init__(self) -> None:
        for name in ('fps', 'stride', 'window', 'interval'):
            value = getattr(self, name)
            if not (math.isfinite(value) and value > 0):
                raise ValueError(f'{name} of a feature grid must be positive, got {value}')
        if not math.isfinite(self.offset):
            raise ValueError(f'offset of a feature grid must be finite, got {self.offset}')

    @property
    def span(self) -> int:
        """Frames that a window stands for: each of its frames for ``interval`` of them."""
        return self.window * self.interval

    def to_steps(self, seconds: Times) -> Times:
        """Seconds -> steps, numbers or arrays of any shape."""
        return (seconds * self.fps - self.offset - 0.5 * self.span) / self.stride

    def to_seconds(self, steps: Times) -> Times:
        """Steps -> seconds, numbers or arrays of any shape; not cut off at the video's ends."""
        return (steps * self.stride + self.offset + 0.5 * self.span) / self.fps

    def num_steps(self, frames: int) -> int:
        """Steps of a video of so many frames: windows whose span lies within it.

        A video that is too short for one has one all the same (its last frame is repeated).

        Raises:
            ValueError: The video has no frames.
        """
        if frames < 1:
            raise ValueError(f'a video has at least one frame, got {frames}')
        fitting = math.floor((frames - self.offset - self.span) / self.stride) + 1
        return max(fitting, 1)

    def cropped(self, first: int) -> 'FeatureGrid':
        """The grid of what is left when the steps before ``first`` are cut off."""
        return replace(self, offset=self.offset + first * self.stride)

    def resampled(self, steps: int, to: int) -> 'FeatureGrid':
        """The grid of ``steps`` features that were interpolated linearly to ``to`` of them.

        As ``torch.nn.functional.interpolate`` does it with ``align_corners=False``: new step
        ``j`` is old step ``(j + 0.5) * steps / to - 0.5``.

        Raises:
            ValueError: A number of steps is not positive.
        """
        if steps < 1 or to < 1:
            raise ValueError(f'numbers of steps must be positive, got {steps} and {to}')
        ratio = steps / to
        shift = 0.5 * (ratio - 1) * self.stride
        return replace(self, stride=self.stride * ratio, offset=self.offset + shift)
