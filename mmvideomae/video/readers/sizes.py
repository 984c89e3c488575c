"""The size of frames that are resized by their short side."""

import cv2
import numpy as np


def short_side_shape(height: int, width: int, short_side: int) -> tuple[int, int]:
    """Height and width of a frame whose short side becomes ``short_side``.

    The other side keeps the aspect ratio, rounded down.
    """
    long = short_side * max(height, width) // min(height, width)
    return (short_side, long) if height <= width else (long, short_side)


def resize_short_side(picture: np.ndarray, short_side: int) -> np.ndarray:
    """(H, W, 3) uint8 -> likewise, by OpenCV's bilinear interpolation."""
    height, width = picture.shape[:2]
    shape = short_side_shape(height, width, short_side)
    if shape == (height, width):
        return picture
    return cv2.resize(picture, shape[::-1], interpolation=cv2.INTER_LINEAR)
