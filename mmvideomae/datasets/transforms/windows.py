"""Windows of untrimmed videos with their segments, for models that see frames.

A step of a window is one of its frames.  ``grid`` has their times in the video.
"""

from typing import Any

import numpy as np
import torch
from mmcv.transforms import BaseTransform

from mmvideomae.datasets.transforms.features import segment_sample
from mmvideomae.datasets.transforms.window_choice import Cut, WindowChoice
from mmvideomae.formats.annotated_videos import find_clock_fault
from mmvideomae.ops.frame_windows import moments_of
from mmvideomae.ops.seconds import frames_at
from mmvideomae.registry import TRANSFORMS
from mmvideomae.video.readers import VideoReadError


@TRANSFORMS.register_module()
class SampleWindow(BaseTransform):
    """Choose the frames of a window, and cut the segments of its video.

    In training, the window is drawn, see `WindowChoice`: a window has ``windows.frames`` frames,
    and a video that is not longer is cropped by ``crop_ratio``, except by windows that must not
    be padded or are whole videos.  In a test, the record says which window it is.

    Frames are those shown at even times, whatever the rate of the video, so that steps are linear
    in seconds.

    Required Keys:

    - filename, windows: `FrameWindows`
    - fps, frame_times, frames_end, start_index: of the video, see `OpenVideo`
    - first_step (optional): the first step of the window
    - told_fps, told_duration (optional): what the annotation says of the video, or None
    - segments, labels (optional): float64 ``(n, 2)`` in seconds, int64 ``(n,)``

    Added Keys:

    - frame_inds: int64 ``(T,)``, ascending; only a video shorter than a window has fewer than
      ``windows.frames``
    - num_clips: 1
    - duration: of the video, in seconds
    - grid: `FeatureGrid` of the window
    - steps: float64 ``(n, 2)``, if there are segments

    Modified Keys: labels

    Args:
        trunc_thresh, crop_ratio, max_trials: See `WindowChoice`.

    Raises:
        VideoReadError: The video differs from its annotation, or is shorter than a window that
            must not be padded.
    """

    def __init__(
        self,
        trunc_thresh: float = 0.5,
        crop_ratio: tuple[float, float] | None = (0.9, 1.0),
        max_trials: int = 200,
    ) -> None:
        self.choice = WindowChoice(trunc_thresh, crop_ratio, max_trials)
        self.uncropped = WindowChoice(trunc_thresh, None, max_trials)

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        windows, fps, times = results['windows'], results['fps'], results['frame_times']
        duration = results['frames_end'] - float(times[0])
        told = (results.get('told_fps'), results.get('told_duration'))
        if fault := find_clock_fault(fps, duration, *told):
            raise VideoReadError(results['filename'], f'it has {fault}')
        grid, count = windows.grid(fps, duration), windows.count(fps, duration)
        if fault := windows.find_fault(count):
            raise VideoReadError(results['filename'], fault)
        results.update(duration=duration, grid=grid, num_clips=1)
        if 'segments' in results:
            results['steps'] = grid.to_steps(results['segments'])
        cut = self._cut(results, count)
        first, size = (0, count) if cut is None else (cut.first, cut.size)
        if cut is not None:
            cut.apply(results)
        found = frames_at(times, times[0] + moments_of(grid, first, size))
        results['frame_inds'] = found + results['start_index']
        return results

    def _cut(self, results: dict[str, Any], count: int) -> Cut | None:
        """The window of a video of ``count`` steps; None for the whole video."""
        windows, grid, steps = results['windows'], results['grid'], results.get('steps')
        if 'first_step' in results:
            first = results['first_step']
            return self.choice.at(first, min(windows.frames, count - first), grid, steps)
        choice = self.choice if windows.pad and not windows.whole else self.uncropped
        return choice.draw(count, windows.frames, grid, steps)

    def __repr__(self) -> str:
        return f'{type(self).__name__}({self.choice})'


@TRANSFORMS.register_module()
class PackWindow(BaseTransform):
    """Pack the frames of a window, as they are; padding is left to the data preprocessor.

    Required Keys:

    - imgs: uint8 ``(T, H, W, 3)``, or ``(1, T, H, W, 3)`` from `CropViews`
    - video_id, duration, fps, grid
    - segments, labels, steps (optional): see `PackFeatures`

    Returns a dict of:

    - inputs: uint8 tensor ``(T, H, W, 3)``
    - data_samples: that of `PackFeatures`; its segments are in frames of the window

    Args:
        class_agnostic: The training target has only one class, 0.
    """

    def __init__(self, class_agnostic: bool = False) -> None:
        self.class_agnostic = class_agnostic

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        imgs = np.ascontiguousarray(results['imgs'])
        return {
            'inputs': torch.from_numpy(imgs.reshape(-1, *imgs.shape[-3:])),
            'data_samples': segment_sample(results, self.class_agnostic),
        }

    def __repr__(self) -> str:
        return f'{type(self).__name__}(class_agnostic={self.class_agnostic})'
