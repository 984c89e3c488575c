"""Write pictures and animations: PNG, GIF and mp4."""

import os
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from PIL import Image

ANIMATED = ('.gif', '.mp4')
SUFFIXES = ('.png', *ANIMATED)


def save_picture(path: str | os.PathLike[str], picture: np.ndarray) -> Path:
    """Write (H, W, 3) uint8 as a PNG file."""
    path = _checked(path, ('.png',))
    Image.fromarray(picture).save(path, optimize=True)
    return path


def save_animation(path: str | os.PathLike[str], frames: np.ndarray, fps: float = 8.0) -> Path:
    """Write (T, H, W, 3) uint8 as a GIF that repeats for ever, or as an H.264 mp4 file.

    Raises:
        ValueError: On another suffix, or odd sides for mp4.
    """
    path = _checked(path, ANIMATED)
    if path.suffix.lower() == '.gif':
        _save_gif(path, frames, fps)
    else:
        _save_mp4(path, frames, fps)
    return path


def _save_gif(path: Path, frames: np.ndarray, fps: float) -> None:
    first, *rest = (Image.fromarray(frame) for frame in frames)
    # GIF counts in hundredths of a second, and players refuse less than two of them.
    duration = max(20, round(100 / fps) * 10)
    first.save(path, save_all=True, append_images=rest, duration=duration, loop=0)


def _save_mp4(path: Path, frames: np.ndarray, fps: float) -> None:
    height, width = frames.shape[1:3]
    if height % 2 or width % 2:
        raise ValueError(f'{path}: H.264 needs even sides, the frames have {height}x{width}')
    with av.open(str(path), 'w', options={'movflags': '+faststart'}) as container:
        stream = container.add_stream(
            'libx264', rate=Fraction(fps).limit_denominator(1001), options={'crf': '16'}
        )
        stream.width, stream.height, stream.pix_fmt = width, height, 'yuv420p'
        for frame in frames:
            picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), format='rgb24')
            container.mux(stream.encode(picture))
        container.mux(stream.encode())


def _checked(path: str | os.PathLike[str], suffixes: tuple[str, ...]) -> Path:
    """The path, its folder made, if its suffix is among those wanted."""
    path = Path(path)
    if path.suffix.lower() not in suffixes:
        raise ValueError(f'{path}: the name must end in {" or ".join(suffixes)}')
    path.parent.mkdir(parents=True, exist_ok=True)
    return path
