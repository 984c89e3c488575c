"""Spatial augmentation of whole clips, on uint8."""

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from mmcv.transforms import BaseTransform

from mmvideomae.registry import TRANSFORMS

_SNAP = 3  # a crop side closer to the target than this becomes the target: nothing to resize
_QUARTERS = (
    *((0, 0), (4, 0), (0, 4), (4, 4), (2, 2)),  # corners and centre
    *((0, 2), (4, 2), (2, 4), (2, 0)),  # middles of the sides
    *((1, 1), (3, 1), (1, 3), (3, 3)),  # centres of the quarters
)


@TRANSFORMS.register_module()
class ClipMultiScaleCrop(BaseTransform):
    """One multi-scale crop for all frames of a clip, resized to the target.

    The augmentation of VideoMAE's pre-training, after TSN: crop sides are the shorter
    side of the frame times each scale (a side less than 3 pixels from the target
    becomes the target); a pair of sides whose scales are at most ``max_distort`` apart
    is drawn uniformly, then one of 13 places on a grid of quarters of the margins.  The
    crop is resized by OpenCV's bilinear interpolation on uint8.  (The official code
    resizes in PIL, whose bilinear filter also smooths when it shrinks.)  A side never
    exceeds the frame.

    Required Keys:

    - imgs: uint8 ``(T, H, W, 3)``
    - allocate_clip (optional: where to take memory from, see `RepeatAugment`)

    Modified Keys:

    - imgs: uint8 ``(T, size, size, 3)``, contiguous and new
    - img_shape

    Added Keys:

    - crop_quadruple: left, top, width and height of the crop in pixels

    Args:
        size: Side of the output, or (height, width).
        scales: Crop sides as shares of the shorter side of the frame.
        max_distort: Largest distance in ``scales`` between width and height.
    """

    def __init__(
        self,
        size: int | tuple[int, int],
        scales: Sequence[float] = (1, 0.875, 0.75, 0.66),
        max_distort: int = 1,
    ) -> None:
        height, width = (size, size) if isinstance(size, int) else size
        if min(height, width) < 1 or not scales or min(scales) <= 0 or max(scales) > 1:
            raise ValueError(f'need size > 0 and scales in (0, 1], got {size} and {scales}')
        if max_distort < 0:
            raise ValueError(f'max_distort must not be negative, got {max_distort}')
        self.size = (int(height), int(width))
        self.scales = tuple(scales)
        self.max_distort = max_distort

    def candidates(self, height: int, width: int) -> list[tuple[int, int]]:
        """Crop sides (width, height) in pixels for a frame of ``height`` x ``width``."""
        shorter = min(height, width)
        sides = [int(shorter * scale) for scale in self.scales]
        heights = [_snap(side, self.size[0], height) for side in sides]
        widths = [_snap(side, self.size[1], width) for side in sides]
        return [
            (crop_width, crop_height)
            for i, crop_height in enumerate(heights)
            for j, crop_width in enumerate(widths)
            if abs(i - j) <= self.max_distort
        ]

    def draw(self, height: int, width: int) -> tuple[int, int, int, int]:
        """Draw left, top, width and height of a crop, in pixels."""
        pairs = self.candidates(height, width)
        crop_width, crop_height = pairs[np.random.randint(len(pairs))]
        across, down = _QUARTERS[np.random.randint(len(_QUARTERS))]
        left = across * ((width - crop_width) // 4)
        top = down * ((height - crop_height) // 4)
        return left, top, crop_width, crop_height

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        imgs = results['imgs']
        left, top, width, height = self.draw(*imgs.shape[1:3])
        out_height, out_width = self.size
        crop = imgs[:, top : top + height, left : left + width]
        allocate = results.get('allocate_clip', np.empty)
        out = allocate((len(imgs), out_height, out_width, imgs.shape[3]), dtype=np.uint8)
        for frame, target in zip(crop, out, strict=True):
            cv2.resize(frame, (out_width, out_height), dst=target, interpolation=cv2.INTER_LINEAR)
        results.update(imgs=out, img_shape=self.size)
        results['crop_quadruple'] = np.array([left, top, width, height])
        return results

    def __repr__(self) -> str:
        return (
            f'{type(self).__name__}(size={self.size}, scales={self.scales}, '
            f'max_distort={self.max_distort})'
        )


def _snap(side: int, target: int, limit: int) -> int:
    """``side``, or ``target`` where that is near; at most ``limit``, at least 1 pixel."""
    return max(1, min(target if abs(side - target) < _SNAP else side, limit))


@TRANSFORMS.register_module()
class ClipFlip(BaseTransform):
    """Mirror a whole clip from left to right at random.

    The released pre-training code has no flip; appendix Table 9 of VideoMAE lists one
    for Kinetics-400.  Never use it where left and right make classes.

    Required Keys:

    - imgs: uint8 ``(T, H, W, 3)``

    Modified Keys:

    - imgs: a mirrored copy, or the array itself

    Added Keys:

    - flip: whether the clip is mirrored
    - flip_direction: ``'horizontal'``

    Args:
        prob: Probability of mirroring.
    """

    def __init__(self, prob: float = 0.5) -> None:
        if not 0 <= prob <= 1:
            raise ValueError(f'prob must lie in [0, 1], got {prob}')
        self.prob = prob

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        flip = bool(np.random.random() < self.prob)
        if flip:
            # The frames may be shared with other repeats: never mirrored in place.
            imgs = results['imgs']
            mirrored = np.empty(imgs.shape, dtype=imgs.dtype)
            for frame, target in zip(imgs, mirrored, strict=True):
                cv2.flip(frame, 1, dst=target)
            results['imgs'] = mirrored
        results.update(flip=flip, flip_direction='horizontal')
        return results

    def __repr__(self) -> str:
        return f'{type(self).__name__}(prob={self.prob})'
