"""Two ways to read a window of an untrimmed video: at once, or in clips one by one."""

import numpy as np
from mmcv.transforms import Compose

from mmvideomae.ops.frame_windows import FrameWindows
from mmvideomae.registry import build_steps


class WindowReading:
    """Reads windows of one video.

    Args:
        video: A video file.
        windows: Its windows.
        size: Side of the frames in pixels, after resizing the short side to it and cropping.
        clip_len: Frames of a clip.
    """

    def __init__(self, video: str, windows: FrameWindows, size: int, clip_len: int) -> None:
        self._record = {'filename': video, 'video_id': video}
        self._windows, self._size, self._clip_len = windows, size, clip_len

    def at_once(self, first: int) -> np.ndarray:
        """The frames of the window that begins at a step, (T, S, S, 3) uint8."""
        return self._read(self._windows, first, 'auto')

    def clip_by_clip(self, first: int, backend: str) -> np.ndarray:
        """The same, with a visit to the file for each clip, by a reader of `BACKENDS`."""
        clip = FrameWindows(self._clip_len, self._windows.stride)
        firsts = range(first, first + self._windows.frames, self._clip_len)
        return np.concatenate([self._read(clip, each, backend) for each in firsts])

    def _read(self, windows: FrameWindows, first: int, backend: str) -> np.ndarray:
        steps = [
            dict(type='OpenVideo', backend=backend),
            dict(type='SampleWindow'),
            dict(type='ReadFrames', short_side=self._size),
            dict(type='CropViews', size=self._size),
            dict(type='PackWindow'),
        ]
        record = {**self._record, 'windows': windows, 'first_step': first}
        return Compose(build_steps(steps))(record)['inputs'].numpy()
