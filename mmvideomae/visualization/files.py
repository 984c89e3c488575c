"""Write pictures and animations: PNG, GIF and mp4."""

import io
import os
from pathlib import Path

import numpy as np
from PIL import Image

from mmvideomae.video.writer import VideoWriter

ANIMATED = ('.gif', '.mp4')
SUFFIXES = ('.png', *ANIMATED)


def png_of(picture: np.ndarray) -> bytes:
    """(H, W, 3) uint8 as the content of a PNG file."""
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, 'PNG', optimize=True)
    return buffer.getvalue()


def save_picture(path: str | os.PathLike[str], picture: np.ndarray) -> Path:
    """Write (H, W, 3) uint8 as a PNG file."""
    path = _checked(path, ('.png',))
    path.write_bytes(png_of(picture))
    return path


def save_animation(path: str | os.PathLike[str], frames: np.ndarray, fps: float = 8.0) -> Path:
    """Write (T, H, W, 3) uint8 as a GIF that loops forever, or as an H.264 mp4 file.

    Raises:
        ValueError: The suffix is another one.
    """
    path = _checked(path, ANIMATED)
    if path.suffix.lower() == '.gif':
        _save_gif(path, frames, fps)
    else:
        _save_mp4(path, frames, fps)
    return path


def _save_gif(path: Path, frames: np.ndarray, fps: float) -> None:
    first, *rest = (Image.fromarray(frame) for frame in frames)
    # GIF measures time in hundredths of a second, and players ignore delays below two of them.
    duration = max(20, round(100 / fps) * 10)
    first.save(path, save_all=True, append_images=rest, duration=duration, loop=0)


def _save_mp4(path: Path, frames: np.ndarray, fps: float) -> None:
    with VideoWriter(path, fps, crf=16) as writer:
        for number, frame in enumerate(frames):
            writer.write(frame, number / fps)


def _checked(path: str | os.PathLike[str], suffixes: tuple[str, ...]) -> Path:
    """The path, if its suffix is an expected one; its folder is created."""
    path = Path(path)
    if path.suffix.lower() not in suffixes:
        raise ValueError(f'{path}: the name must end in {" or ".join(suffixes)}')
    path.parent.mkdir(parents=True, exist_ok=True)
    return path
