"""Draw and write small videos for benchmarks and synthetic data sets."""

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

import av
import numpy as np


def moving_shapes(
    num_frames: int = 16,
    height: int = 64,
    width: int = 64,
    num_shapes: int = 3,
    seed: int = 0,
) -> np.ndarray:
    """Draw bright rectangles that bounce over a smooth background -> (T, H, W, 3) uint8."""
    rng = np.random.default_rng(seed)
    rows = np.linspace(0, 70, height, dtype=np.float32)[:, None, None]
    columns = np.linspace(0, 50, width, dtype=np.float32)[None, :, None]
    ground = rows + columns * np.array([1.0, 0.5, 0.2], np.float32)
    frames = np.repeat(ground[None].astype(np.uint8), num_frames, axis=0)
    times = np.arange(num_frames)
    for _ in range(num_shapes):
        size = np.maximum(2, (rng.uniform(0.15, 0.35, 2) * (height, width)).astype(int))
        colour = rng.integers(128, 256, 3).astype(np.uint8)
        room = np.array([height, width]) - size
        path = rng.uniform(0, room)[None] + times[:, None] * rng.uniform(-4, 4, 2)[None]
        path = np.abs((path + room) % np.maximum(2 * room, 1) - room).astype(int)
        for frame, (top, left) in zip(frames, path, strict=True):
            frame[top : top + size[0], left : left + size[1]] = colour
    return frames


def write_video(
    path: str | os.PathLike[str],
    frames: np.ndarray,
    fps: float = 25.0,
    gop: int = 12,
    options: Mapping[str, str] | None = None,
) -> Path:
    """Encode frames (T, H, W, 3) uint8 RGB as H.264 on one core, which is deterministic.

    Args:
        path: The extension chooses the container; parent folders are created.
        gop: Largest distance between key frames.
        options: More options of x264, such as ``{'mbtree': '0'}``.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    coding = {'crf': '18', 'bf': '2', 'preset': 'veryfast', 'sc_threshold': '0', **(options or {})}
    rate = Fraction(fps).limit_denominator(1001)
    with av.open(str(path), 'w') as container:
        stream = container.add_stream('libx264', rate=rate, options=coding)
        stream.height, stream.width = frames.shape[1:3]
        stream.pix_fmt = 'yuv420p'
        stream.codec_context.gop_size = gop
        stream.codec_context.thread_count = 1
        stream.codec_context.time_base = 1 / rate
        stream.codec_context.sample_aspect_ratio = Fraction(1)
        for index, pixels in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format='rgb24')
            frame.pts, frame.time_base = index, 1 / rate
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def write_long_video(
    path: Path,
    seconds: int,
    gop: int = 250,
    fps: int = 30,
    sides: tuple[int, int] = (256, 340),
) -> str:
    """Write shapes that move back and forth, frame by frame, using all cores.

    Args:
        gop: Largest distance between key frames; 250 is x264's own choice.
        sides: Height and width; the default is a usual size of stored Kinetics videos.

    Returns:
        The path.
    """
    period = moving_shapes(10 * fps, *sides)
    with av.open(str(path), 'w') as container:
        stream = container.add_stream('libx264', rate=fps, options={'preset': 'veryfast'})
        stream.height, stream.width = sides
        stream.pix_fmt, stream.codec_context.gop_size = 'yuv420p', gop
        for number in range(seconds * fps):
            turn, place = divmod(number, len(period))
            picture = period[-1 - place if turn % 2 else place]
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format='rgb24')
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return str(path)


@contextmanager
def a_video(path: str | None) -> Iterator[str]:
    """The video for a measurement; None: a synthetic one of ten seconds, as in Kinetics."""
    if path is not None:
        yield path
        return
    with tempfile.TemporaryDirectory() as folder:
        made = f'{folder}/synthesized.mp4'
        write_video(made, moving_shapes(300, 256, 340), gop=250)
        yield made
