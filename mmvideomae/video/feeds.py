"""All frames of a camera, a network stream or a file, one after another as they come."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

import cv2
import numpy as np

from mmvideomae.video.cameras import open_capture
from mmvideomae.video.streams import FileStream, FolderStream, open_stream


class FrameFeed(Protocol):
    """The source of a live result.

    Attributes:
        path: Its name, for errors.
        fps: Frames per second, as it says itself; 0 if it does not.
        usual: Seconds between frames, usually.
        ahead: Whether to read it in a thread while the detector works.
        waits: Whether it waits for who reads it; a camera does not.
    """

    path: str
    fps: float
    usual: float
    ahead: bool
    waits: bool

    def __iter__(self) -> Iterator[tuple[float, np.ndarray]]:
        """Seconds since the first frame, ascending, and picture (H, W, 3) uint8 of each frame."""

    @property
    def duration(self) -> float:
        """Seconds from the first frame to the end of the last one, known when all have come."""


class FileFeed:
    """The frames of a file or folder with their own times.

    Args:
        stream: The open video.
        paced: Wait until it is time for a frame, as a player does.
    """

    waits = True

    def __init__(self, stream: FileStream | FolderStream, paced: bool) -> None:
        self._stream, self._paced = stream, paced
        self.ahead = paced
        self.path, self.fps, self.duration = stream.path, stream.fps, stream.duration
        self._times = stream.times - stream.times[0]
        self.usual = float(np.median(np.diff(self._times))) if len(self._times) > 1 else 0.0

    def __iter__(self) -> Iterator[tuple[float, np.ndarray]]:
        began = time.monotonic()
        for number, picture in self._stream.in_order(range(len(self._stream))):
            now = float(self._times[number])
            if self._paced:
                time.sleep(max(now - (time.monotonic() - began), 0.0))
            yield now, picture


class CameraFeed:
    """The frames of a camera or network stream with the times at which they arrive.

    The source is open during a ``with`` block.

    Args:
        source: Number of a camera, or address of a stream.

    Raises:
        VideoReadError: On entering the block, if it cannot be opened or delivers no frame.
    """

    ahead, waits = True, False

    def __init__(self, source: str | int) -> None:
        self.path = str(source)
        self.duration, self._reading = 0.0, False

    def __enter__(self) -> 'CameraFeed':
        self._capture, self._first = open_capture(self.path)
        self.fps = float(self._capture.get(cv2.CAP_PROP_FPS) or 0)
        self.usual = 1 / self.fps if self.fps > 0 else 0.0
        return self

    def __exit__(self, *reason: object) -> None:
        if not self._reading:  # the source of a hanging read must not be released
            self._capture.release()

    def __iter__(self) -> Iterator[tuple[float, np.ndarray]]:
        began, now, picture = time.monotonic(), 0.0, self._first
        while True:
            self.duration = now + self.usual
            yield now, cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)
            self._reading = True
            ok, picture = self._capture.read()
            self._reading = False
            if not ok:
                return
            now = time.monotonic() - began


@contextmanager
def open_feed(
    source: str | os.PathLike[str] | int,
    filename_tmpl: str = 'img_{:05}.jpg',
    fps: float = 25.0,
    paced: bool = True,
) -> Iterator[FrameFeed]:
    """The frames of a camera (its number), a stream (its address), a file or a folder of frames.

    Args:
        filename_tmpl, fps: For a folder, see `open_stream`.
        paced: Play files at their own speed, not as fast as they are read.

    Raises:
        VideoReadError: It cannot be opened.
    """
    if isinstance(source, int) or not os.path.exists(source):
        with CameraFeed(os.fspath(source) if isinstance(source, os.PathLike) else source) as feed:
            yield feed
        return
    stream = open_stream(source, filename_tmpl, fps)
    with stream:
        yield FileFeed(stream, paced)
