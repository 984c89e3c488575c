"""Write a video with a line of text on every frame."""

import os
from bisect import bisect_right
from fractions import Fraction
from pathlib import Path
from types import TracebackType

import av
import numpy as np
from PIL import Image, ImageDraw

from mmvideomae.errors import UserError
from mmvideomae.storage import publish, remove, temporary_path
from mmvideomae.visualization.fonts import font, one_line

_CLOCK = Fraction(1, 10000)
_LONGEST = 2**31  # ticks that mp4 can say from frame to frame: 59 hours
# Without B-frames: mp4 stores for how long packets last as they are decoded, not shown.
_CODING = {'crf': '20', 'bf': '0'}
_PAPER, _INK, _BAR = (16, 16, 16), (255, 255, 255), (88, 166, 255)


def draw_label(frame: np.ndarray, label: str, score: float, note: str = '') -> np.ndarray:
    """Draw a class, a bar as long as its probability and a note at the foot of a frame.

    Args:
        frame: (H, W, 3) uint8; is not changed.
        score: In [0, 1].
        note: Small, at the right; left out where it does not fit beside the label.

    Returns:
        (H, W, 3) uint8.
    """
    height, width = frame.shape[:2]
    size = max(9, min(height, width) // 18)
    band = round(size * 1.9)
    top = max(height - band, 0)
    # The picture shines through, so that nothing of it is lost.
    shaded = frame.copy()
    ground = np.array(_PAPER, np.float32)
    shaded[top:] = (0.3 * shaded[top:] + 0.7 * ground).astype(np.uint8)
    page = Image.fromarray(shaded)
    draw = ImageDraw.Draw(page)
    line = max(2, size // 6)
    draw.rectangle((0, height - line, round(score * width), height), fill=_BAR)
    small = max(8, round(size * 0.7))
    x, y = size // 2, top + (band - line - size * 1.25) / 2
    text, used = fitting_text(label, f'  {100 * score:.0f} %', size, width - size)
    draw.text((x, y), text, _INK, font(size))
    note = one_line(note)
    needed = font(small).getlength(note)
    if note and x + used + size + needed < width - x:
        at = (width - x - needed, y + (size - small) * 0.7)
        draw.text(at, note, _INK, font(small))
    return np.asarray(page)


def fitting_text(label: str, tail: str, size: int, width: int) -> tuple[str, float]:
    """Label and tail, the label cut so that both fit, and their length in pixels.

    Args:
        size: Of the font.
        width: Room in pixels.
    """
    label = one_line(label)

    def needed(count: int) -> float:
        return font(size).getlength(_cut(label[:count], label) + tail)

    # A letter takes a pixel at least, so that no more of a long label need be measured.
    count = len(label)
    if count > width or needed(count) > width:
        shorter = range(1, min(count, width + 1))
        count = max(1, bisect_right(shorter, float(width), key=needed))
    return _cut(label[:count], label) + tail, needed(count)


def _cut(text: str, label: str) -> str:
    return label if text == label else f'{text.rstrip()}...'


class OverlayError(UserError, ValueError):
    """A video cannot be written as asked."""


class VideoWriter:
    """Write frames one by one into an H.264 mp4 file, each at its own time.

    The file takes its name when it is complete; after an error nothing is left.

    Args:
        path: Ends in ``.mp4``; its folder is made.
        fps: Nominal frames per second.

    Raises:
        OverlayError: On another suffix, or a frame that is shown for longer than mp4 can say.
    """

    def __init__(self, path: str | os.PathLike[str], fps: float) -> None:
        self.path = Path(path)
        if self.path.suffix.lower() != '.mp4':
            raise OverlayError(f'{self.path}: the name of an overlay must end in .mp4')
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._partial = temporary_path(self.path)
        self._fps = fps or 25.0
        rate = max(Fraction(self._fps).limit_denominator(1001), Fraction(1, 1001))
        self._container = av.open(f'file:{self._partial}', 'w', options={'movflags': '+faststart'})
        self._stream = self._container.add_stream('libx264', rate=rate, options=_CODING)
        self._stream.codec_context.time_base = _CLOCK
        self._last = -1
        self._shown: dict[int, int] = {}  # for how long, by time

    def write(self, frame: np.ndarray, seconds: float, until: float | None = None) -> None:
        """Append a frame (H, W, 3) uint8 that is shown from ``seconds`` on.

        All frames have the size of the first.  Odd sides grow by a pixel.

        Args:
            until: When the frame disappears, which matters for the last one; None: after
                ``1 / fps`` seconds.
        """
        height, width = frame.shape[:2]
        even = np.pad(frame, ((0, height % 2), (0, width % 2), (0, 0)), mode='edge')
        if self._last < 0:
            self._stream.height, self._stream.width = even.shape[:2]
            self._stream.pix_fmt = 'yuv420p'
        picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(even), format='rgb24')
        time = max(round(seconds / _CLOCK), self._last + 1)  # times must ascend
        end = seconds + 1 / self._fps if until is None else until
        self._shown[time] = max(round(end / _CLOCK) - time, 1)
        if max(time - max(self._last, 0), self._shown[time]) >= _LONGEST:
            raise OverlayError(
                f'{self.path}: a frame would be shown for more than {_LONGEST * _CLOCK // 3600} '
                f'hours, around second {seconds:g}: the time stamps of the video leap; transcode '
                'it to a constant rate'
            )
        self._last = time
        picture.pts, picture.time_base = time, _CLOCK
        self._mux(self._stream.encode(picture))

    def _mux(self, packets: list[av.Packet]) -> None:
        for packet in packets:  # the encoder makes all frames equally long
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
            self._container.close()
            if whole:
                publish(self._partial, self.path)
        finally:
            remove(self._partial)
