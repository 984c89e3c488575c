"""The newest frames of a camera or a network stream."""

import os
import threading
import time
from collections import deque
from dataclasses import dataclass

import cv2
import numpy as np

from mmvideomae.compat.video import opencv_log_levels
from mmvideomae.video.readers import VideoReadError
from mmvideomae.video.readers.av_container import open_container

SHORTEST_SIDE = 512
"""Larger pictures are shrunk on arrival, because a window of them must fit into memory."""
SILENCE = 30.0
"""Seconds without a new frame after which a source is abandoned."""


@dataclass(frozen=True)
class Newest:
    """The frames of the last seconds.

    Attributes:
        frames: Pictures (H, W, 3) uint8, the newest last.
        start, end: Times at which the first and the last of them arrived, in seconds since the
            first frame of the source.
        fps: Frames per second at which they arrived.
    """

    frames: list[np.ndarray]
    start: float
    end: float
    fps: float


class LiveSource:
    """Read a source in its own thread during a ``with`` block, and keep its last seconds.

    OpenCV returns the oldest frame in its buffer, so a slow model that read frames itself
    would fall behind the camera.

    Args:
        source: Number of a camera, address of a stream, or a file.  A file is played at
            its own speed.
        window_seconds: Length of the part to keep.

    Raises:
        ValueError: ``window_seconds`` is not positive.
        VideoReadError: On entering the block, if the source cannot be opened or delivers no frame.
    """

    def __init__(self, source: str | int, window_seconds: float) -> None:
        if window_seconds <= 0:
            raise ValueError(f'the window must be positive seconds, got {window_seconds}')
        self.source, self._length = source, window_seconds
        self._kept: deque[tuple[float, np.ndarray]] = deque()
        self._changed = threading.Condition()
        self._ended = self._stopped = False
        self._seen = -1.0

    def __enter__(self) -> 'LiveSource':
        self._capture, picture = open_capture(str(self.source))
        # Files have an end, and a rate at which to play them.
        finite = self._capture.get(cv2.CAP_PROP_FRAME_COUNT) > 0
        self._pause = 1 / (self._capture.get(cv2.CAP_PROP_FPS) or 25.0) if finite else 0.0
        self._began = time.monotonic()
        self._kept.append((0.0, _rgb(picture)))
        self._thread = threading.Thread(target=self._run, name='live frames', daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *reason: object) -> None:
        self._stopped = True
        self._thread.join(timeout=5)
        if not self._thread.is_alive():  # the source of a hanging read must not be released
            self._capture.release()

    def wait(self) -> Newest | None:
        """The frames of the last window once there is a newer one; None after the end.

        The first call returns when a whole window has passed, or the source has ended.

        Raises:
            VideoReadError: No frame arrived for `SILENCE` seconds.
        """
        with self._changed:
            if not self._changed.wait_for(self._has_news, self._length + SILENCE):
                raise VideoReadError(str(self.source), f'no frame for {SILENCE:g} seconds')
            latest = self._kept[-1][0]
            if self._ended and latest == self._seen:
                return None
            self._seen = latest
            kept = list(self._kept)
        start = kept[0][0]
        fps = (len(kept) - 1) / (latest - start) if latest > start else 25.0
        return Newest([picture for _, picture in kept], start, latest, fps)

    def _has_news(self) -> bool:
        latest = self._kept[-1][0]
        return self._ended or latest > max(self._seen, self._length - self._pause - 1e-3)

    def _run(self) -> None:
        """Read until the source ends or the reader is closed."""
        count = 1
        while not self._stopped:
            if self._pause:
                early = count * self._pause - (time.monotonic() - self._began)
                time.sleep(max(early, 0.0))
            ok, picture = self._capture.read()
            if not ok:
                break
            now = count * self._pause if self._pause else time.monotonic() - self._began
            count += 1
            with self._changed:
                self._kept.append((now, _rgb(picture)))
                while now - self._kept[0][0] > self._length + 1e-3:
                    self._kept.popleft()
                self._changed.notify_all()
        with self._changed:
            self._ended = True
            self._changed.notify_all()


def open_capture(source: str) -> tuple[cv2.VideoCapture, np.ndarray]:
    """Open a source and read its first picture, (H, W, 3) BGR.

    Raises:
        VideoReadError: It cannot be opened, or delivers no frame.
    """
    if not source.isdigit() and '://' not in source and not os.path.isfile(source):
        raise VideoReadError(source, 'no such file, and neither a camera number nor an address')
    if os.path.isfile(source):
        open_container(source).close()  # OpenCV would follow a playlist to other files
        source = os.path.abspath(source)  # an absolute path is never read as an address
    log = opencv_log_levels()
    level = log.getLogLevel()
    log.setLogLevel(0)  # the error is sufficient
    try:
        capture = cv2.VideoCapture(int(source) if source.isdigit() else source)
        ok, picture = capture.read()
    finally:
        log.setLogLevel(level)
    if not ok:
        capture.release()
        if os.path.isfile(source):
            raise VideoReadError(source, 'it holds no video stream that can be decoded')
        reason = 'no frame comes from it; is it connected, and not in use elsewhere?'
        raise VideoReadError(source, reason)
    return capture, picture


def _rgb(picture: np.ndarray) -> np.ndarray:
    """A picture from OpenCV as (H, W, 3) RGB, with a shorter side of at most `SHORTEST_SIDE`."""
    scale = SHORTEST_SIDE / min(picture.shape[:2])
    if scale < 1:
        size = (round(picture.shape[1] * scale), round(picture.shape[0] * scale))
        picture = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    return cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)
