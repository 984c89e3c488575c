"""Sample clips with a number of frames per second from videos with any rate."""

import math
from typing import Any

import numpy as np
from mmcv.transforms import BaseTransform

from mmvideomae.errors import UserError
from mmvideomae.ops.seconds import resample_frames
from mmvideomae.registry import TRANSFORMS


class FrameRateError(UserError, ValueError):
    """Frames at one rate cannot be taken from those at another."""


@TRANSFORMS.register_module()
class SampleFps(BaseTransform):
    """Draw clips with a number of frames per second (VIMPAC, Appendix C.1 and released code).

    The video is treated as the N frames shown at 0, 1, 2, ... times ``1 / grid_fps`` seconds until
    its end.  A clip takes every s-th of these from its start, with s = grid_fps / fps.  Its start
    is uniform from 0 to N + s - 1 - clip_len * s, the last one for which the clip is inside the
    video, and 0 if that is negative: then the clip is padded on the right.  Padding repeats the
    last frame, which costs nothing to read, and ``pad_mask`` marks it.

    Several clips of a training sample are drawn independently, or, with ``max_distance``, each with
    a start at most that far from the previous one: uniform over the part of this range inside the
    video.

    In test mode, clip i of n starts at ``i / (n - 1)`` of the last possible start, rounded down.
    A single clip is the one in the middle (the released code takes the first, since this would
    divide by zero).

    Required Keys, of a video:

    - frame_times, frames_end: see `OpenVideo`
    - start_index (optional)

    Required Keys, of files of codes:

    - total_frames, grid_fps: number of frames in the file, and frames per second

    Added Keys:

    - frame_inds: int64 ``(num_clips * clip_len,)``, clip after clip
    - pad_mask: bool ``(num_clips, clip_len)``
    - clip_len, num_clips: as in mmaction2's `SampleFrames`

    Args:
        clip_len: Frames in a clip.
        fps: Frames of a clip per second; 2 in pre-training, and 2 or 4 in fine-tuning.
        grid_fps: Frames per second from which those of clips are taken; None: ``fps``, or the
            rate of files of codes.  In fine-tuning, the paper uses 16.
        num_clips: Clips in a sample.
        max_distance: Most seconds between the starts of clips (Table 10); None: no limit.
        test_mode: Do not draw randomly.

    Raises:
        FrameRateError: ``grid_fps``, or the rate of a file of codes, is not a multiple of ``fps``.
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
        """The number of grid frames per frame of a clip.

        Raises:
            FrameRateError: It is not a whole number.
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
        """Starts of clips on the grid; ``last`` is the last possible one."""
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
