"""Random erasing: the loader draws the place, and the device fills it."""

import math
from typing import Any

import numpy as np
from mmcv.transforms import BaseTransform

from mmvideomae.registry import TRANSFORMS

_ATTEMPTS = 100


@TRANSFORMS.register_module()
class ClipRandomErasing(BaseTransform):
    """Draw the box of random erasing, the same for all frames of a clip.

    With probability ``prob``, a box is drawn with an area uniform in ``area`` times the
    frame and an aspect ratio (height by width) log-uniform in ``aspect``, repeatedly until
    it fits, and then its place, uniformly (timm's random erasing with one box, as a cube
    through the clip).  The pixels are not changed: the data preprocessor draws noise in
    normalised space on the device.

    Required Keys:

    - imgs: uint8 ``(T, H, W, 3)``, already of the final size

    Added Keys:

    - erase_box: int64 ``(4,)`` of top, left, height and width in pixels; zeros: none

    Args:
        prob: Probability of erasing.
        area: Least and largest area of the box as shares of the frame.
        aspect: Least and largest ratio of its height to its width.
    """

    def __init__(
        self,
        prob: float = 0.25,
        area: tuple[float, float] = (0.02, 1 / 3),
        aspect: tuple[float, float] = (0.3, 1 / 0.3),
    ) -> None:
        if not 0 <= prob <= 1:
            raise ValueError(f'prob must lie in [0, 1], got {prob}')
        if not 0 < area[0] <= area[1] < 1 or not 0 < aspect[0] <= aspect[1]:
            raise ValueError(
                f'need ascending areas in (0, 1) and positive aspects, got {area} and {aspect}'
            )
        self.prob = prob
        self.area = tuple(area)
        self.aspect = tuple(aspect)

    def draw(self, height: int, width: int) -> tuple[int, int, int, int]:
        """Draw top, left, height and width of a box in a frame, in pixels."""
        for _ in range(_ATTEMPTS):
            area = np.random.uniform(*self.area) * height * width
            aspect = math.exp(np.random.uniform(*map(math.log, self.aspect)))
            box_height = round(math.sqrt(area * aspect))
            box_width = round(math.sqrt(area / aspect))
            if 0 < box_height < height and 0 < box_width < width:
                top = int(np.random.randint(height - box_height + 1))
                left = int(np.random.randint(width - box_width + 1))
                return top, left, box_height, box_width
        return 0, 0, 0, 0

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        erase = np.random.random() < self.prob
        box = self.draw(*results['imgs'].shape[1:3]) if erase else (0, 0, 0, 0)
        results['erase_box'] = np.array(box, dtype=np.int64)
        return results

    def __repr__(self) -> str:
        return f'{type(self).__name__}(prob={self.prob}, area={self.area}, aspect={self.aspect})'
