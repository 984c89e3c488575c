"""Convert between the steps of a feature sequence and the time of its video."""

import math
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np

Times = TypeVar('Times', float, np.ndarray)


@dataclass(frozen=True)
class FeatureGrid:
    """Feature ``i`` describes the frames from ``offset + i * stride`` on, ``span`` of them.

    A step represents the centre of its span: step ``i`` is at
    ``(offset + i * stride + span / 2) / fps`` seconds (ActionFormer's formulae, which apply to
    VideoMAE V2's features with 16 consecutive frames).  Steps between two features are
    fractions.  After features are resampled, stride and offset may be fractions of frames, and
    the offset may be negative.

    Args:
        fps: Frames per second of the video.
        stride: Frames from one feature to the next.
        window: Number of frames from which a feature is computed.
        interval: Frames from one of them to the next; 1 for consecutive frames.
        offset: First frame of step 0.

    Raises:
        ValueError: A value is not finite, or a value other than the offset is not positive.
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
        """Frames that a window represents: ``interval`` for each of its own frames."""
        return self.window * self.interval

    def to_steps(self, seconds: Times) -> Times:
        """Seconds -> steps, numbers or arrays of any shape."""
        return (seconds * self.fps - self.offset - 0.5 * self.span) / self.stride

    def to_seconds(self, steps: Times) -> Times:
        """Steps -> seconds, numbers or arrays of any shape; not clipped to the video."""
        return (steps * self.stride + self.offset + 0.5 * self.span) / self.fps

    def num_steps(self, frames: int) -> int:
        """Number of steps of a video with this many frames: windows whose span lies within it.

        A video too short for a window still has one, in which its last frame is repeated.

        Raises:
            ValueError: The video has no frames.
        """
        if frames < 1:
            raise ValueError(f'a video has at least one frame, got {frames}')
        fitting = math.floor((frames - self.offset - self.span) / self.stride) + 1
        return max(fitting, 1)

    def cropped(self, first: int) -> 'FeatureGrid':
        """The grid that remains when the steps before ``first`` are removed."""
        return replace(self, offset=self.offset + first * self.stride)

    def resampled(self, steps: int, to: int) -> 'FeatureGrid':
        """The grid after linear interpolation from ``steps`` to ``to`` features.

        As in ``torch.nn.functional.interpolate`` with ``align_corners=False``, new step
        ``j`` is old step ``(j + 0.5) * steps / to - 0.5``.

        Raises:
            ValueError: A number of steps is not positive.
        """
        if steps < 1 or to < 1:
            raise ValueError(f'numbers of steps must be positive, got {steps} and {to}')
        ratio = steps / to
        shift = 0.5 * (ratio - 1) * self.stride
        return replace(self, stride=self.stride * ratio, offset=self.offset + shift)
