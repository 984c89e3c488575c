"""Sample clips around a key frame."""

from typing import Any, NamedTuple

import numpy as np
from mmcv.transforms import BaseTransform

from mmvideomae.formats.annotations import AnnotationError
from mmvideomae.ops.seconds import frames_at, is_even
from mmvideomae.registry import TRANSFORMS


@TRANSFORMS.register_module()
class SampleKeyFrameClip(BaseTransform):
    """Sample frames around the key frame.

    The clip is taken from a window of ``clip_len * stride`` frames around the key frame: frame i is
    ``i * stride + phase - clip_len * stride // 2`` frames from the key frame.  The official code
    for AVA uses ``phase=1`` (-31, -27, ..., 29 at 16x4), mmaction2 ``phase=0`` (-32, -28, ..., 28).
    Frames outside the video are replaced by its first or last one.

    With ``jitter``, each frame is shifted by a random number of frames, uniform over
    ``-(stride // 2), ..., (stride - 1) // 2``, as in training with mmaction2's `SampleAVAFrames`
    at its even strides.

    With ``fps``, frames are counted at that rate for any rate of the video; if its rate varies,
    frames are those shown at these times.

    Required Keys:

    - total_frames, start_index, fps, frame_times, frames_end: those of the video, see `OpenVideo`;
      without the last two, its rate is constant
    - video_id, second
    - start_second (optional: the second of the video's first frame, 0 if absent)

    Added Keys:

    - frame_inds: int64 ``(clip_len,)``
    - clip_len, frame_interval, num_clips

    Args:
        clip_len: Frames in the clip.
        stride: Distance between two frames of the clip, in frames.
        phase: Which frame of each stride to take, at most ``stride``.
        jitter: Shift each frame randomly, for training.
        fps: Rate at which frames are counted; None: that of the video.

    Raises:
        AnnotationError: The key frame is outside the video.
    """

    def __init__(
        self,
        clip_len: int = 16,
        stride: int = 4,
        phase: int = 1,
        jitter: bool = False,
        fps: float | None = None,
    ) -> None:
        if clip_len < 1 or stride < 1 or not 0 <= phase <= stride:
            raise ValueError(
                f'need clip_len and stride above 0 and phase in 0..stride, got {clip_len}, '
                f'{stride} and {phase}'
            )
        if fps is not None and fps <= 0:
            raise ValueError(f'fps must be positive, got {fps}')
        self.clip_len = clip_len
        self.stride = stride
        self.phase = phase
        self.jitter = jitter
        self.fps = fps

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        offsets = np.arange(self.clip_len) * self.stride
        offsets += self.phase - self.clip_len * self.stride // 2
        if self.jitter:
            low = -(self.stride // 2)
            offsets += np.random.randint(low, low + self.stride, size=self.clip_len)
        frames = self._around(_KeyFrame.of(results), offsets)
        results['frame_inds'] = frames + results.get('start_index', 0)
        results.update(clip_len=self.clip_len, frame_interval=self.stride, num_clips=1)
        return results

    def _around(self, key: '_KeyFrame', offsets: np.ndarray) -> np.ndarray:
        """Frames of the record at these offsets from the key frame."""
        if self.fps is not None:
            if not is_even(key.times, key.fps):
                return frames_at(key.times, key.moment + offsets / self.fps)
            offsets = np.rint(offsets * (key.fps / self.fps)).astype(np.int64)
        return (key.frame + offsets).clip(0, len(key.times) - 1)

    def __repr__(self) -> str:
        return (
            f'{type(self).__name__}(clip_len={self.clip_len}, stride={self.stride}, '
            f'phase={self.phase}, jitter={self.jitter}, fps={self.fps})'
        )


class _KeyFrame(NamedTuple):
    """A key frame among the frames of its record."""

    frame: int
    """Number from the first frame of the record."""
    moment: float
    """Seconds from the video's first frame."""
    times: np.ndarray
    """Seconds of all frames of the record, likewise."""
    fps: float
    """Their average rate."""

    @classmethod
    def of(cls, results: dict[str, Any]) -> '_KeyFrame':
        """Find the key frame; an ``AnnotationError`` if it is outside the record."""
        total, rate = results['total_frames'], results['fps'] or 25.0  # the default of readers
        times = results.get('frame_times')
        if times is None:
            times, end = np.arange(total) / rate, total / rate
        else:
            end = results['frames_end']
        if results.get('undecodable', False):
            return cls(0, 0.0, times, rate)  # any blank frame will do
        second, start = results['second'], results.get('start_second', 0.0)
        moment = second - start
        if not times[0] - 1e-6 <= moment < end:
            raise AnnotationError(
                f'video {results["video_id"]!r}: timestamp {second:g} lies outside it: it lasts '
                f'from second {start + times[0]:g} to {start + end:.2f} ({total} frames at '
                f'{rate:g} per second, {results.get("filename")}); fix the annotation, or the '
                'start_second of the video'
            )
        return cls(int(frames_at(times, moment)), moment, times, rate)
