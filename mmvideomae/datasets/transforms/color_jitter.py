"""Randomly shift the colours of whole clips."""

from typing import Any

import cv2
import numpy as np
from mmcv.transforms import BaseTransform

from mmvideomae.registry import TRANSFORMS


@TRANSFORMS.register_module()
class ClipColorJitterHSV(BaseTransform):
    """Shift hue, saturation and value of a whole clip by one random amount each.

    This is the colour jitter of the official AVA code (AlphAction's), which the papers do not
    mention: uniform integers in OpenCV's uint8 HSV.  Hue is rotated by up to ``hue / 2`` of 180;
    saturation and value change by up to their share of 255, clipped to 0 and 255.

    Required Keys:

    - imgs: uint8 ``(T, H, W, 3)`` RGB

    Modified Keys:

    - imgs: contiguous and new

    Args:
        hue: Full width of the range of hues, in OpenCV's units of two degrees.
        saturation: Share of 255.
        value: Share of 255.
    """

    def __init__(self, hue: float = 20, saturation: float = 0.1, value: float = 0.1) -> None:
        if not (0 <= hue <= 180 and 0 <= saturation <= 1 and 0 <= value <= 1):
            raise ValueError(
                f'hue must lie in [0, 180], saturation and value in [0, 1], got {hue}, '
                f'{saturation} and {value}'
            )
        self.hue = hue
        self.saturation = saturation
        self.value = value

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        bounds = (round(self.hue / 2), round(self.saturation * 255), round(self.value * 255))
        shifts = [int(np.random.randint(-bound, bound + 1)) for bound in bounds]
        levels = np.arange(256)
        tables = [(levels + shifts[0]) % 180, *((levels + s).clip(0, 255) for s in shifts[1:])]
        table = np.stack(tables, axis=-1).astype(np.uint8)[None]
        imgs = results['imgs']
        # OpenCV processes pictures, not clips, so the frames are stacked vertically.
        tall = np.ascontiguousarray(imgs).reshape(-1, *imgs.shape[2:])
        tall = cv2.LUT(cv2.cvtColor(tall, cv2.COLOR_RGB2HSV), table)
        results['imgs'] = cv2.cvtColor(tall, cv2.COLOR_HSV2RGB).reshape(imgs.shape)
        return results

    def __repr__(self) -> str:
        return (
            f'{type(self).__name__}(hue={self.hue}, saturation={self.saturation}, '
            f'value={self.value})'
        )
