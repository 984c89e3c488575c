"""The sound of a video file, for copies of its pictures."""

import os
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import av

from mmvideomae.errors import one_line, warn
from mmvideomae.video.readers.av_container import open_container

_RATES = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000)  # that AAC has
_BROKEN = (av.FFmpegError, ValueError, OSError)


class Sound:
    """The sound of a file in order, on the time line of its pictures.

    Damaged sound ends where it is damaged, with a warning: the pictures matter more.

    Args:
        path: A video file, see `open_container`.
        begin: Time in seconds since the first picture at which a copy starts.

    Attributes:
        exists: Whether there is any sound that can be decoded.
        rate: Samples per second of the copy.
        layout: 'mono' or 'stereo'.

    Raises:
        VideoReadError: The file cannot be opened.
    """

    def __init__(self, path: str | os.PathLike[str], begin: float = 0.0) -> None:
        self._path = path
        self._container = open_container(path)
        pictures = self._container.streams.best('video')
        first = 0.0
        if pictures is not None and pictures.start_time is not None:
            first = float(pictures.start_time * pictures.time_base)
        self._begin = first + begin
        stream = self._container.streams.best('audio')
        context: Any = None if stream is None else stream.codec_context
        self.exists = context is not None and context.sample_rate > 0
        self.rate, self.layout = _RATES[-1], 'stereo'
        self._frames: Iterator[av.AudioFrame] = iter(())
        if self.exists:
            self.rate = context.sample_rate if context.sample_rate in _RATES else self.rate
            self.layout = 'mono' if context.layout.nb_channels == 1 else 'stereo'
            self._frames = self._decoded(stream)
        self._waiting: av.AudioFrame | None = None

    def until(self, seconds: float) -> Iterator[av.AudioFrame]:
        """The next frames, as long as they start before a time of the copy."""
        while self._waiting is not None or self._step():
            assert self._waiting is not None
            if float(self._waiting.pts * self._waiting.time_base) >= seconds:
                return
            frame, self._waiting = self._waiting, None
            yield frame

    def close(self) -> None:
        self._container.close()

    def _step(self) -> bool:
        """Decode a frame; False at the end."""
        self._waiting = next(self._frames, None)
        return self._waiting is not None

    def _decoded(self, stream: Any) -> Iterator[av.AudioFrame]:
        """Frames with times of the copy; those before its start are left out."""
        try:
            for frame in self._container.decode(stream):
                if frame.pts is None:
                    continue
                base = Fraction(1, frame.sample_rate)
                start = float(frame.pts * frame.time_base) - self._begin
                if start > -0.5 * frame.samples / frame.sample_rate:
                    frame.time_base, frame.pts = base, max(round(start / base), 0)
                    yield frame
        except _BROKEN as error:
            warn(f'{os.fspath(self._path)}: the copy has no sound from here on: {one_line(error)}')
