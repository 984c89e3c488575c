"""Make videos that every browser can play."""

import os
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from mmvideomae.video.readers import VideoReadError
from mmvideomae.video.readers.av_container import open_container
from mmvideomae.video.streams import FileStream, FolderStream
from mmvideomae.video.writer import VideoWriter
from mmvideomae.visualization.overlay_video import sound_of
from mmvideomae.visualization.page import MEDIA_TYPES

MOST_BYTES = 64 * 2**20
"""Larger files are re-encoded, since pages embed their video at 4/3 of its size."""
_CODECS = {'video/mp4': ('h264',), 'video/webm': ('vp8', 'vp9', 'av1')}
_LATE = 0.05


def plays_in_browsers(path: str | os.PathLike[str]) -> bool:
    """Whether browsers support the codec and the container of a file.

    Its first picture must also be at its start, because players measure time from the start of
    the file and this toolbox from the first picture.
    """
    wanted = _CODECS.get(MEDIA_TYPES.get(Path(path).suffix.lower(), ''), ())
    try:
        with open_container(path) as container:
            stream = container.streams.video[0]
            context = stream.codec_context
            begin = (stream.start_time or 0) * stream.time_base
            late = float(begin) - (container.start_time or 0) / 1e6
            plain = context.pix_fmt in ('yuv420p', 'yuvj420p')
            return context.name in wanted and plain and abs(late) <= _LATE
    except (VideoReadError, IndexError, OSError):
        return False


def browser_video(
    stream: FileStream | FolderStream,
    copy: str | os.PathLike[str],
    longest: int = 640,
    most_bytes: int = MOST_BYTES,
    progress: Callable[[int, int], None] | None = None,
    frames: range | None = None,
) -> Path:
    """The file of a video if browsers can play it, else a copy that they can play.

    The copy is H.264 in an mp4 file, with at most ``longest`` pixels on the longer side; its
    pictures keep their times, and it keeps the sound.

    Args:
        stream: The opened video.
        copy: Path of a copy, an ``.mp4`` file.
        most_bytes: Larger files are copied too.
        progress: Called with the number of copied frames and the total.
        frames: Numbers of consecutive frames, to copy this part of the video; None: all of it.

    Raises:
        VideoReadError: The video cannot be decoded.
    """
    path = Path(stream.path)
    small = path.is_file() and path.stat().st_size <= most_bytes
    if frames is None and small and plays_in_browsers(path):
        return path
    part = range(len(stream)) if frames is None else frames
    edges = np.append(stream.times, stream.duration) - stream.times[part.start]
    sound = sound_of(stream, float(stream.times[part.start]))
    with VideoWriter(copy, stream.fps, sound=sound) as writer:
        for number, frame in stream.in_order(part):
            height, width = frame.shape[:2]
            ratio = min(longest / max(height, width), 1)
            if ratio < 1:
                size = (max(round(ratio * width), 2), max(round(ratio * height), 2))
                frame = cv2.resize(frame, size, interpolation=cv2.INTER_AREA)
            writer.write(frame, *edges[number : number + 2].tolist())
            if progress is not None:
                progress(number + 1 - part.start, len(part))
    return Path(copy)
