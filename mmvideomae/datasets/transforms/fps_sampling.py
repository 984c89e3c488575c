"""Clips in frames per second, whatever the rate of the video."""

import math
from typing import Any

import numpy as np
from mmcv.transforms import BaseTransform

from mmvideomae.errors import UserError
from mmvideomae.ops.seconds import resample_frames
from mmvideomae.registry import TRANSFORMS


class FrameRateError(UserError, ValueError):
    """Frames of one rate cannot be had from those of another."""


@TRANSFORMS.register_module()
class SampleFps(BaseTransform):
    """Draw clips of a number of frames per second (VIMPAC, Appendix C.1 and released code).

    The video is thought of as the frames on show at 0, 1, 2, ... times ``1 / grid_fps`` seconds,
    N of them before its end.  A clip takes every s-th from its start, with s = grid_fps / fps.  Its
    start is uniform from 0 to N + s - 1 - clip_len * s, the last from which the clip lies inside
    the video, and is 0 where that is negative: then the clip is padded on the right.  Padding
    repeats the last frame, which costs nothing to read, and ``pad_mask`` says where it is.

    Two and more clips of a training sample are drawn independently of one another, or, with a
    ``max_distance``, each with a start at most so far from that of the one before it: uniform
    over what is left of this range inside the video.

    In test mode clip i of n starts at ``i / (n - 1)`` of the last possible start, rounded down.
    A single one is that in the middle (the released code, where this would divide by zero, takes
    the first).

    Required Keys, of a video:

    - frame_times, frames_end: see `OpenVideo`
    - start_index (optional)

    Required Keys, of files of codes:

    - total_frames, grid_fps: frames of the file and how many of them make a second

    Added Keys:

    - frame_inds: int64 ``(num_clips * clip_len,)``, clip after clip
    - pad_mask: bool ``(num_clips, clip_len)``
    - clip_len, num_clips: as mmaction2's `SampleFrames` adds them

    Args:
        clip_len: Frames of a clip.
        fps: Frames of a clip per second; 2 in pre-training, and 2 or 4 in fine-tuning.
        grid_fps: Frames per second among which those of clips are; None: ``fps``, and of files
            of codes their own.  The paper draws clips of fine-tuning among 16.
        num_clips: Clips of a sample.
        max_distance: Seconds between the starts of clips at most (Table 10); None: no limit.
        test_mode: Draw nothing.

    Raises:
        FrameRateError: ``grid_fps``, or the rate of a file of codes, is no multiple of ``fps``.
        ValueError: A number is out of range.
    """

    def __init__(
        self,
        clip_len: int,
        fps: float,
        grid_fps: float | None = None,
        num_clips: int = 1,
        max_distance: float | None = None,
        test_mode: bool = False,
    ) -> None:
        if clip_len < 1 or num_clips < 1 or fps <= 0:
            raise ValueError(
                f'clip_len, num_clips and fps must be positive, got {clip_len}, {num_clips}, {fps}'
            )
        if max_distance is not None and max_distance < 0:
            raise ValueError(f'max_distance must not be negative, got {max_distance}')
        self.clip_len = clip_len
        self.fps = fps
        self.grid_fps = grid_fps
        self.num_clips = num_clips
        self.max_distance = max_distance
        self.test_mode = test_mode
        self.step_of(grid_fps or fps)

    def step_of(self, grid_fps: float) -> int:
        """How many frames of the grid make one of a clip.

        Raises:
            FrameRateError: Not a whole number.
        """
        step = round(grid_fps / self.fps)
        if step < 1 or not math.isclose(grid_fps / self.fps, step, rel_tol=1e-6):
            raise FrameRateError(
                f'clips of {self.fps:g} frames per second cannot be taken from '
                f'{grid_fps:g} frames per second, which is not a multiple'
            )
        return step

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        grid_fps = results.get('grid_fps') or self.grid_fps or self.fps
        step = self.step_of(grid_fps)
        grid = self._grid(results, grid_fps)
        starts = self._starts(max(len(grid) + step - 1 - self.clip_len * step, 0), grid_fps)
        places = np.array(starts)[:, None] + np.arange(self.clip_len) * step
        padded = places >= len(grid)
        # The last frame that a clip reaches is not always the last of the video.
        reached = np.where(padded, 0, places).max(1, keepdims=True)
        results['frame_inds'] = grid[np.where(padded, reached, places)].reshape(-1)
        results['pad_mask'] = padded
        results.update(clip_len=self.clip_len, num_clips=self.num_clips)
        return results

    def _grid(self, results: dict[str, Any], grid_fps: float) -> np.ndarray:
        """Frames of the record from which clips are taken -> (N,)."""
        if 'frame_times' not in results:
            return np.arange(results['total_frames'])
        found = resample_frames(results['frame_times'], results['frames_end'], grid_fps)
        return found + results.get('start_index', 0)

    def _starts(self, last: int, grid_fps: float) -> list[int]:
        """Where clips start on the grid; ``last`` is the last place where one can."""
        if self.test_mode:
            if self.num_clips == 1:
                return [last // 2]
            return [last * number // (self.num_clips - 1) for number in range(self.num_clips)]
        starts: list[int] = []
        low, high = 0, last
        for _ in range(self.num_clips):
            starts.append(int(np.random.randint(low, high + 1)))
            if self.max_distance is not None:
                reach = int(self.max_distance * grid_fps + 1e-6)
                low, high = max(starts[-1] - reach, 0), min(starts[-1] + reach, last)
        return starts

    def __repr__(self) -> str:
        return (
            f'{type(self).__name__}(clip_len={self.clip_len}, fps={self.fps:g}, '
            f'grid_fps={self.grid_fps}, num_clips={self.num_clips}, '
            f'max_distance={self.max_distance}, test_mode={self.test_mode})'
        )
