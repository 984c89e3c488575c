"""Group frames in order into batches of windows; each frame is prepared and kept once."""

from collections.abc import Callable, Iterable, Iterator
from math import ceil
from typing import NamedTuple

import cv2
import numpy as np
import torch
from torchvision.transforms import InterpolationMode
from torchvision.transforms.v2.functional import center_crop, resize

from mmvideomae.apis.features.settings import FeatureSettings
from mmvideomae.datasets.transforms import CropViews, DiagonalCrop
from mmvideomae.ops.feature_grid import FeatureGrid

Prepare = Callable[[np.ndarray], np.ndarray]


class WindowBatch(NamedTuple):
    """The new frames of the next windows, and the places of all their frames in the ring."""

    frames: np.ndarray
    """New frames (n, S, S, 3), float32 or uint8."""
    slots: np.ndarray
    """Their places in the ring, (n,)."""
    windows: np.ndarray
    """Places of the frames of every window, (B, T)."""


class WindowPlan:
    """The frames in the windows of a video, and how many must be kept for them.

    In a video shorter than a window, the last frame stands in for missing ones.

    Args:
        frames: Number of frames in the video.
        batch_size: Windows in a forward pass.

    Attributes:
        steps: Number of windows.
        capacity: The most frames from the first to the last of a batch.
    """

    def __init__(self, settings: FeatureSettings, frames: int, batch_size: int) -> None:
        self._settings, self._last, self.batch_size = settings, frames - 1, batch_size
        # The rate does not affect the number of windows.
        grid = FeatureGrid(1.0, settings.stride, settings.window, settings.interval)
        self.steps = grid.num_steps(max(frames - settings.offset, 1))
        self.capacity = self._capacity()

    def frames_of(self, step: int) -> np.ndarray:
        """Frame numbers of a window, (T,)."""
        numbers = np.arange(self._settings.window) * self._settings.interval
        start = self._settings.offset + step * self._settings.stride
        return np.minimum(start + numbers, self._last)

    def wanted(self) -> Iterator[int]:
        """Numbers of all frames in any window, ascending and unique."""
        pending: set[int] = set()
        for step in range(self.steps):
            pending.update(self.frames_of(step).tolist())
            last = step + 1 == self.steps
            border = self._last + 1 if last else int(self.frames_of(step + 1)[0])
            ready = sorted(number for number in pending if number < border)
            yield from ready
            pending.difference_update(ready)

    def batches(self, pictures: Iterable[tuple[int, np.ndarray]]) -> Iterator[WindowBatch]:
        """Group frames that arrive in the order of `wanted` into batches of windows.

        Args:
            pictures: Number and prepared frame (S, S, 3).
        """
        slot_of: dict[int, int] = {}
        fresh: list[np.ndarray] = []
        slots: list[int] = []
        first = 0
        for count, (number, picture) in enumerate(pictures):
            slot_of[number] = count % self.capacity
            fresh.append(picture)
            slots.append(slot_of[number])
            end = min(first + self.batch_size, self.steps)
            if first < end and number == self.frames_of(end - 1)[-1]:
                windows = [[slot_of[n] for n in self.frames_of(s)] for s in range(first, end)]
                yield WindowBatch(np.stack(fresh), np.array(slots), np.array(windows))
                fresh, slots, first = [], [], end
                since = int(self.frames_of(first)[0])
                slot_of = {n: slot for n, slot in slot_of.items() if n >= since}

    def _capacity(self) -> int:
        """The most frames of any window between the first and the last frame of a batch.

        Windows before and after the batch share some of them.
        """
        settings, size = self._settings, min(self.batch_size, self.steps)
        inside = np.arange(settings.window) * settings.interval
        reach = ceil(inside[-1] / settings.stride)
        starts = np.arange(-reach, size + reach) * settings.stride
        shown = np.unique(starts[:, None] + inside)
        return int(((shown >= 0) & (shown <= (size - 1) * settings.stride + inside[-1])).sum())


def preparation(settings: FeatureSettings) -> Prepare:
    """The function that resizes a picture (H, W, 3) uint8 to the model's (S, S, 3).

    Squashed pictures are float32 because their values are not whole numbers.
    """
    size = settings.size
    if settings.resize == 'squash':

        def squash(picture: np.ndarray) -> np.ndarray:
            exact = picture.astype(np.float32)
            return cv2.resize(exact, (size, size), interpolation=cv2.INTER_LINEAR)

        return squash
    if settings.resize == 'bicubic':
        cutter = DiagonalCrop(size)
        return lambda picture: cutter.cut(picture, cutter.views)[0]
    if settings.resize == 'smooth':
        short, mode = settings.short_side or size, InterpolationMode(settings.interpolation)

        def smooth(picture: np.ndarray) -> np.ndarray:
            whole = torch.from_numpy(picture).permute(2, 0, 1).contiguous()
            square = center_crop(resize(whole, [short], mode, antialias=True), [size, size])
            return square.permute(1, 2, 0).numpy()

        return smooth
    views = CropViews(size, short_side=settings.short_side)

    def crop(picture: np.ndarray) -> np.ndarray:
        one = {'imgs': picture[None], 'num_clips': 1, 'frame_inds': np.zeros(1, int)}
        return views.transform(one)['imgs'][0, 0]

    return crop
