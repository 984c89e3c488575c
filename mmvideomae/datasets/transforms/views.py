"""Test views: crops of clips along the longer side of the frame."""

from collections.abc import Iterator
from typing import Any

import cv2
import numpy as np
from mmcv.transforms import BaseTransform

from mmvideomae.registry import TRANSFORMS

_MOST_RESIZED = 2**24  # pixels of a whole frame; larger frames are cropped while resizing


@TRANSFORMS.register_module()
class CropViews(BaseTransform):
    """Resize the short side and crop squares along the long one (V1 and V2, official test).

    The short side becomes ``short_side`` and the long one keeps the aspect ratio, rounded
    down, with OpenCV's bilinear interpolation.  Crops are in the middle of the short side,
    and crop c of C begins at ``c * (long - size) / (C - 1)`` pixels, rounded down, along the
    long side: for three crops, at its start, middle and end.  A single crop is the middle
    one of three.  (The official rule divides by zero for one crop.)

    A frame that several clips share is resized once.

    Required Keys:

    - imgs: uint8 ``(S * T, H, W, 3)``, clip after clip
    - num_clips: ``S``
    - frame_inds: int ``(S * T,)``

    Modified Keys:

    - imgs: uint8 ``(V, T, size, size, 3)``; V = S * C views, the crops of a clip adjacent
    - img_shape

    Args:
        size: Side of the crops.
        num_crops: Crops per clip.
        short_side: Short side of the frames before cropping; by default ``size``, as in the
            papers.
    """

    def __init__(self, size: int, num_crops: int = 1, short_side: int | None = None) -> None:
        if size < 1 or num_crops < 1:
            raise ValueError(f'size and num_crops must be positive, got {size} and {num_crops}')
        self.size = size
        self.num_crops = num_crops
        self.short_side = size if short_side is None else short_side
        if self.short_side < size:
            raise ValueError(f'no crop of {size} fits a short side of {short_side}')

    def resized_shape(self, height: int, width: int) -> tuple[int, int]:
        """Height and width of a frame whose short side is ``short_side``."""
        if height <= width:
            return self.short_side, int(self.short_side * width / height)
        return int(self.short_side * height / width), self.short_side

    def starts(self, long: int) -> list[int]:
        """First pixel of each crop along a side of ``long`` pixels."""
        if self.num_crops == 1:
            return [(long - self.size) // 2]
        step = (long - self.size) / (self.num_crops - 1)
        return [int(number * step) for number in range(self.num_crops)]

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        imgs, num_clips = results['imgs'], results['num_clips']
        _, first, places = np.unique(results['frame_inds'], return_index=True, return_inverse=True)
        clips = places.reshape(num_clips, -1)
        shape = (num_clips, self.num_crops, clips.shape[1], self.size, self.size, imgs.shape[3])
        views = np.empty(shape, dtype=np.uint8)
        for place, number in enumerate(first):
            shown = np.argwhere(clips == place).tolist()
            # One frame at a time: before cropping, a long one is much larger than its views.
            for crop, cut in enumerate(self._cuts(imgs[number])):
                for clip, slot in shown:
                    views[clip, crop, slot] = cut
        results.update(imgs=views.reshape(-1, *shape[2:]), img_shape=(self.size, self.size))
        return results

    def _cuts(self, frame: np.ndarray) -> Iterator[np.ndarray]:
        """The crops of a frame (H, W, 3), each (size, size, 3)."""
        height, width = self.resized_shape(*frame.shape[:2])
        middle = (self.short_side - self.size) // 2
        corners = [
            (middle, start) if width > height else (start, middle)
            for start in self.starts(max(height, width))
        ]
        if height * width > _MOST_RESIZED:
            yield from (self._sample(frame, (height, width), corner) for corner in corners)
            return
        resized = frame
        if (height, width) != frame.shape[:2]:
            resized = np.empty((height, width, frame.shape[2]), dtype=np.uint8)
            cv2.resize(frame, (width, height), dst=resized, interpolation=cv2.INTER_LINEAR)
        for top, left in corners:
            yield resized[top : top + self.size, left : left + self.size]

    def _sample(
        self, frame: np.ndarray, shape: tuple[int, int], corner: tuple[int, int]
    ) -> np.ndarray:
        """The result of resizing to ``shape`` and cropping at a corner, without the rest of it."""
        rows, columns = (
            (start + np.arange(self.size) + 0.5) * old / new - 0.5
            for start, old, new in zip(corner, frame.shape[:2], shape, strict=True)
        )
        top, left = int(max(rows[0], 0)), int(max(columns[0], 0))
        part = frame[top : int(rows[-1]) + 2, left : int(columns[-1]) + 2]
        places = np.meshgrid(columns - left, rows - top)
        across, down = (place.astype(np.float32) for place in places)
        return cv2.remap(part, across, down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)

    def __repr__(self) -> str:
        return (
            f'{type(self).__name__}(size={self.size}, num_crops={self.num_crops}, '
            f'short_side={self.short_side})'
        )
