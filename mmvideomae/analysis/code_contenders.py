"""Compute codes in the straightforward way, frame by frame, for comparison."""

import os
from typing import Any

import cv2
import numpy as np
import torch
import torch.nn.functional as F

from mmvideomae.ops.diagonal_views import DiagonalView
from mmvideomae.video.readers import open_reader


def one_frame_at_a_time(
    tokenizer: Any, video: str | os.PathLike[str], fps: float, size: int, views: list[DiagonalView]
) -> np.ndarray:
    """Read each frame from the file, and crop, resize and encode each of its views separately.

    The computation is deliberately independent of the extractor's.

    Returns:
        Codes (F, V, h, w).
    """
    rows = []
    with open_reader(video) as reader:
        for number in _numbers(reader.fps, len(reader), fps):
            frame = reader.read([number])[0]
            rows.append([_code(tokenizer, frame, view, size) for view in views])
    return np.array(rows)


def one_pass_a_view(
    tokenizer: Any, video: str | os.PathLike[str], fps: float, size: int, views: list[DiagonalView]
) -> np.ndarray:
    """Decode the whole video again for each view, frame by frame, as in the released code.

    Returns:
        Codes (F, V, h, w).
    """
    columns = []
    for view in views:
        file = cv2.VideoCapture(os.fspath(video))
        rate, count = file.get(cv2.CAP_PROP_FPS), int(file.get(cv2.CAP_PROP_FRAME_COUNT))
        wanted = _numbers(rate, count, fps)
        codes: list[np.ndarray] = []
        number = 0
        while len(codes) < len(wanted):
            found, frame = file.read()
            if not found:
                break
            picture, times = frame[..., ::-1].copy(), wanted.count(number)
            codes += [_code(tokenizer, picture, view, size) for _ in range(times)]
            number += 1
        file.release()
        columns.append(codes)
    return np.array(columns).swapaxes(0, 1)


def _numbers(rate: float, frames: int, fps: float) -> list[int]:
    """Frame numbers of a video with a constant rate, sampled at ``fps``."""
    count = int(np.ceil(frames / rate * fps - 1e-6))
    return [min(round(number * rate / fps), frames - 1) for number in range(count)]


def _code(tokenizer: Any, frame: np.ndarray, view: DiagonalView, size: int) -> np.ndarray:
    height, width = frame.shape[:2]
    scale = view.short_side / min(height, width)
    shape = (int(height * scale + 1e-6), int(width * scale + 1e-6))
    picture = torch.from_numpy(frame).permute(2, 0, 1)[None]
    picture = F.interpolate(picture, shape, mode='bicubic', antialias=True)
    half = {'top': 0, 'centre': 1, 'bottom': 2}[view.position]
    top, left = half * (shape[0] - size) // 2, half * (shape[1] - size) // 2
    square = picture[..., top : top + size, left : left + size]
    square = square.flip(3) if view.flip else square
    with torch.inference_mode():
        return tokenizer.encode(square.contiguous().float() / 255)[0].numpy()
