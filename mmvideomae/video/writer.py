"""Write frames with their own times to an H.264 file for players and browsers."""

import os
from fractions import Fraction
from pathlib import Path
from types import TracebackType

import av
import numpy as np

from mmvideomae.errors import UserError
from mmvideomae.storage import publish, remove, temporary_path
from mmvideomae.video.sound import Sound

_CLOCK = Fraction(1, 10000)
_LONGEST = 2**31  # most ticks from frame to frame in an mp4: 59 hours


class VideoWriteError(UserError, ValueError):
    """A video cannot be written as asked."""


class VideoWriter:
    """Write frames one by one to an H.264 mp4 file, each at its own time.

    The file gets its name when it is complete; an error leaves no file.

    Args:
        path: Ends in ``.mp4``; its folder is created.
        fps: Nominal frames per second.
        crf: Quality for x264: 0 is lossless, and an increase of 6 halves the size.
        sound: Sound to add as AAC, as far as there are frames; it is closed at the end.

    Raises:
        VideoWriteError: The suffix is another one, or a frame is shown for longer than mp4
            allows.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        fps: float,
        crf: int = 20,
        sound: Sound | None = None,
    ) -> None:
        self.path = Path(path)
        if self.path.suffix.lower() != '.mp4':
            raise VideoWriteError(f'{self.path}: the name of a video must end in .mp4')
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._partial = temporary_path(self.path)
        self._fps = fps or 25.0
        rate = max(Fraction(self._fps).limit_denominator(1001), Fraction(1, 1001))
        self._container = av.open(f'file:{self._partial}', 'w', options={'movflags': '+faststart'})
        # Without B-frames, since mp4 stores durations in decoding order, not in display order.
        coding = {'crf': str(crf), 'bf': '0'}
        self._stream = self._container.add_stream('libx264', rate=rate, options=coding)
        self._stream.codec_context.time_base = _CLOCK
        self._sound = sound
        if sound is not None and sound.exists:
            self._heard = self._container.add_stream('aac', rate=sound.rate, layout=sound.layout)
        self._last = -1
        self._shown: dict[int, int] = {}  # durations keyed by time

    def write(self, frame: np.ndarray, seconds: float, until: float | None = None) -> None:
        """Append a frame (H, W, 3) uint8 that is shown from ``seconds`` on.

        All frames must have the size of the first.  Odd sides are enlarged by a pixel.

        Args:
            until: Time at which the frame disappears, which matters for the last one; None: after
                ``1 / fps`` seconds.
        """
        height, width = frame.shape[:2]
        even = np.pad(frame, ((0, height % 2), (0, width % 2), (0, 0)), mode='edge')
        if self._last < 0:
            self._stream.height, self._stream.width = even.shape[:2]
            self._stream.pix_fmt = 'yuv420p'
        picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(even), format='rgb24')
        time = max(round(seconds / _CLOCK), self._last + 1)  # times must be ascending
        end = seconds + 1 / self._fps if until is None else until
        self._shown[time] = max(round(end / _CLOCK) - time, 1)
        if max(time - max(self._last, 0), self._shown[time]) >= _LONGEST:
            raise VideoWriteError(
                f'{self.path}: a frame would be shown for more than {_LONGEST * _CLOCK // 3600} '
                f'hours, around second {seconds:g}: the time stamps of the video leap; transcode '
                'it to a constant rate'
            )
        self._last = time
        picture.pts, picture.time_base = time, _CLOCK
        self._mux(self._stream.encode(picture))
        if self._sound is not None and self._sound.exists:
            for frame in self._sound.until(end):
                self._container.mux(self._heard.encode(frame))

    def _mux(self, packets: list[av.Packet]) -> None:
        for packet in packets:  # the encoder gives all frames the same duration
            packet.duration = self._shown.pop(packet.pts)
            self._container.mux(packet)

    def __enter__(self) -> 'VideoWriter':
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        whole = kind is None and self._last >= 0
        try:
            if whole:
                self._mux(self._stream.encode())
                if self._sound is not None and self._sound.exists:
                    self._container.mux(self._heard.encode(None))
            self._container.close()
            if whole:
                publish(self._partial, self.path)
        finally:
            if self._sound is not None:
                self._sound.close()
            remove(self._partial)
