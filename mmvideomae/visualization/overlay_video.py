"""Write a copy of a video with something drawn on every frame."""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np

from mmvideomae.video.sound import Sound
from mmvideomae.video.streams import FileStream, FolderStream
from mmvideomae.video.writer import VideoWriter

Draw = Callable[[np.ndarray, float], np.ndarray]
"""(H, W, 3) uint8 and the seconds since the first frame -> (H, W, 3) uint8."""


def overlay_video(
    stream: FileStream | FolderStream,
    path: str | os.PathLike[str],
    draw: Draw,
    progress: Callable[[int, int], None] | None = None,
) -> Path:
    """Pass the frames of an open video to ``draw`` and write its results to an ``.mp4`` file.

    The sound of a video file is kept.

    Args:
        progress: Called with the number of finished frames and the total.

    Raises:
        VideoReadError: The video cannot be decoded.
        ValueError: ``path`` is the video itself, or has another suffix.
    """
    path = Path(path)
    check_target(path, stream.path)
    with stream, VideoWriter(path, stream.fps, sound=sound_of(stream)) as writer:
        edges = [*stream.times.tolist(), stream.duration]
        for number, frame in stream.in_order(range(len(stream))):
            begin, end = edges[number : number + 2]
            writer.write(draw(frame, begin), begin, end)
            if progress:
                progress(number + 1, len(stream))
    return path


def sound_of(stream: FileStream | FolderStream, begin: float = 0.0) -> Sound | None:
    """The sound of a video file from a time on, in seconds since its first picture."""
    return Sound(stream.path, begin) if isinstance(stream, FileStream) else None


def check_target(path: str | os.PathLike[str], video: str | os.PathLike[str]) -> None:
    """Raise a ``ValueError`` if the target is the video itself."""
    if Path(path).resolve() == Path(video).resolve():
        raise ValueError(f'{path} is the video itself: choose another folder')
