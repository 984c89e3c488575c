"""Spatial augmentation of whole clips, on uint8."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import cv2
import numpy as np
import torch
from mmcv.transforms import BaseTransform

from mmvideomae.registry import TRANSFORMS

_SNAP = 3  # a crop side closer to the target than this becomes the target: nothing to resize
_ATTEMPTS = 10  # at a random-resized crop that fits
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
    crop is resized as the official code's PIL does it, by a bilinear filter that grows with
    the shrinkage and so smooths what would alias, on uint8 (within one grey level of PIL's).
    A side never exceeds the frame.

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
        box = self.draw(*results['imgs'].shape[1:3])
        return _crop_and_resize(results, box, self.size, _resize_smoothly)

    def __repr__(self) -> str:
        return (
            f'{type(self).__name__}(size={self.size}, scales={self.scales}, '
            f'max_distort={self.max_distort})'
        )


def _snap(side: int, target: int, limit: int) -> int:
    """``side``, or ``target`` where that is near; at most ``limit``, at least 1 pixel."""
    return max(1, min(target if abs(side - target) < _SNAP else side, limit))


@TRANSFORMS.register_module()
class ClipRandomResizedCrop(BaseTransform):
    """One random-resized crop for all frames of a clip (V1 and V2, official fine-tuning).

    The crop has an area uniform in ``scale`` times the frame and an aspect (width by
    height) log-uniform in ``ratio``, drawn up to ten times until it fits, at a uniform
    place; after that it is the largest centred crop whose aspect lies in ``ratio``, as
    torchvision has it.  It is resized by OpenCV's bilinear interpolation on uint8, which
    like `torch.nn.functional.interpolate` in the official code does not smooth when it
    shrinks: the two differ by rounding alone.

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
        scale: Least and largest area of the crop as shares of the frame.
        ratio: Least and largest ratio of its width to its height.
    """

    def __init__(
        self,
        size: int | tuple[int, int],
        scale: tuple[float, float] = (0.08, 1.0),
        ratio: tuple[float, float] = (3 / 4, 4 / 3),
    ) -> None:
        height, width = (size, size) if isinstance(size, int) else size
        if min(height, width) < 1 or not 0 < scale[0] <= scale[1] <= 1:
            raise ValueError(f'need size > 0 and a scale in (0, 1], got {size} and {scale}')
        if not 0 < ratio[0] <= ratio[1]:
            raise ValueError(f'ratio must be positive and ascending, got {ratio}')
        self.size = (int(height), int(width))
        self.scale = tuple(scale)
        self.ratio = tuple(ratio)

    def draw(self, height: int, width: int) -> tuple[int, int, int, int]:
        """Draw left, top, width and height of a crop, in pixels."""
        for _ in range(_ATTEMPTS):
            area = np.random.uniform(*self.scale) * height * width
            aspect = math.exp(np.random.uniform(*map(math.log, self.ratio)))
            crop_width = round(math.sqrt(area * aspect))
            crop_height = round(math.sqrt(area / aspect))
            if 0 < crop_width <= width and 0 < crop_height <= height:
                top = int(np.random.randint(height - crop_height + 1))
                left = int(np.random.randint(width - crop_width + 1))
                return left, top, crop_width, crop_height
        return self.centre(height, width)

    def centre(self, height: int, width: int) -> tuple[int, int, int, int]:
        """The crop of a frame into which none that was drawn fits."""
        least, largest = self.ratio
        crop_width, crop_height = width, height
        if width / height < least:
            crop_height = round(width / least)
        elif width / height > largest:
            crop_width = round(height * largest)
        return (width - crop_width) // 2, (height - crop_height) // 2, crop_width, crop_height

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        box = self.draw(*results['imgs'].shape[1:3])
        return _crop_and_resize(results, box, self.size)

    def __repr__(self) -> str:
        return f'{type(self).__name__}(size={self.size}, scale={self.scale}, ratio={self.ratio})'


def _resize_plainly(imgs: np.ndarray, out: np.ndarray) -> None:
    """Resize (T, H, W, 3) into ``out`` (T, h, w, 3) by OpenCV, which never smooths."""
    for frame, target in zip(imgs, out, strict=True):
        cv2.resize(frame, out.shape[2:0:-1], dst=target, interpolation=cv2.INTER_LINEAR)


def _resize_smoothly(imgs: np.ndarray, out: np.ndarray) -> None:
    """Resize (T, H, W, 3) into ``out`` (T, h, w, 3) as PIL does.

    By torch, whose result is PIL's to a grey level at a fifth of its time.
    """
    if imgs.shape[1:3] == out.shape[1:3]:
        out[:] = imgs
        return
    source, target = (torch.from_numpy(clip).permute(0, 3, 1, 2) for clip in (imgs, out))
    # What interpolate(..., antialias=True) calls, which takes no memory to write to.
    resize = torch.ops.aten._upsample_bilinear2d_aa.out
    resize(source, list(target.shape[2:]), align_corners=False, out=target)


def _crop_and_resize(
    results: dict[str, Any],
    box: tuple[int, int, int, int],
    size: tuple[int, int],
    resize: Callable[[np.ndarray, np.ndarray], None] = _resize_plainly,
) -> dict[str, Any]:
    """Cut left, top, width and height out of all frames and resize them."""
    imgs, (left, top, width, height) = results['imgs'], box
    allocate = results.get('allocate_clip', np.empty)
    out = allocate((len(imgs), *size, imgs.shape[3]), dtype=np.uint8)
    resize(imgs[:, top : top + height, left : left + width], out)
    results.update(imgs=out, img_shape=size, crop_quadruple=np.array(box))
    return results


@TRANSFORMS.register_module()
class ClipFlip(BaseTransform):
    """Mirror a whole clip from left to right at random.

    Fine-tuning mirrors every second clip.  The released pre-training code has no flip;
    appendix Table 9 of VideoMAE lists one for Kinetics-400.  Never use it where left and
    right make classes, as in Something-Something: `VideoListDataset` of such data takes
    ``mirrorable=False``.

    Required Keys:

    - imgs: uint8 ``(T, H, W, 3)``
    - gt_boxes, proposals (optional): ``(n, 4)``, x1, y1, x2, y2 as shares of the frame

    Modified Keys:

    - imgs: a mirrored copy, or the array itself
    - gt_boxes, proposals: mirrored as well, new arrays

    Added Keys:

    - flip: whether the clip is mirrored; one that was mirrored before no longer is
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
            for key in ('gt_boxes', 'proposals'):
                if key in results:
                    x1, y1, x2, y2 = results[key].T
                    results[key] = np.stack([1 - x2, y1, 1 - x1, y2], axis=1)
        flip ^= results.get('flip', False)
        results.update(flip=flip, flip_direction='horizontal')
        return results

    def __repr__(self) -> str:
        return f'{type(self).__name__}(prob={self.prob})'
