"""Every frame of a video file as it is stored, with any size."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction

import av
import numpy as np

from mmvideomae.storage.remote import is_elsewhere
from mmvideomae.video.readers import VideoReadError
from mmvideomae.video.readers.av_container import (
    open_container,
    require_complete,
    video_stream,
)
from mmvideomae.video.readers.base import cause_of
from mmvideomae.video.readers.limits import ReadLimits
from mmvideomae.video.readers.packet_index import index_by_time, read_packets
from mmvideomae.video.readers.pictures import PictureMaker

# Higher than the limits of readers, whose errors advise transcoding.
_LIMITS = ReadLimits(pixels=2**28, frames=20_000_000)


class AllFrames:
    """Frames in order, with their times and the numbers that readers use.

    A reader refuses a file whose pictures change their size; here frames are yielded as they
    are decoded, and none is kept.

    Args:
        path: A video file.

    Attributes:
        times: Time at which each frame appears, in seconds from the first, (F,) float64.
        duration: Seconds from the first frame's appearance to the end of the last one.

    Raises:
        VideoReadError: It holds no video, or less than its header lists.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = os.fspath(path)
        if not (is_elsewhere(path) or os.path.isfile(path)):  # a pipe would be waited for
            raise VideoReadError(path, 'no such file')
        with self._opened() as (container, stream):
            table = read_packets(container, stream, _LIMITS.frames).table
            if reason := _LIMITS.excess('frames', len(table), 'it has at least'):
                raise VideoReadError(path, reason)
            require_complete(path, stream, len(table), _LIMITS, one_size=False)
            self._index = index_by_time(table, container, stream)
            rate = float(stream.average_rate or stream.guessed_rate or 25)
            clock = float(stream.time_base or 0)
        if self._index is None:
            count = sum(1 for _ in self._decoded())
            self.times, self.duration = np.arange(count) / rate, count / rate
        elif len(self._index.frames):
            self.times, self.duration = self._index.times() * clock, self._index.end() * clock
        else:
            self.times = np.empty(0)
        if not len(self.times):
            raise VideoReadError(path, 'it holds no frame that can be decoded')

    def __len__(self) -> int:
        return len(self.times)

    def __iter__(self) -> Iterator[tuple[av.VideoFrame, int]]:
        """Each frame, and its display width in units of its height's pixels, before rotation.

        Raises:
            VideoReadError: A frame cannot be decoded.
        """
        numbers = None
        if self._index is not None:
            pts = self._index.pts[self._index.frames].tolist()
            numbers = {time: number for number, time in enumerate(pts)}
        number = 0
        for count, (frame, width) in enumerate(self._decoded()):
            found = count if numbers is None else numbers.get(frame.pts)
            if found == number:
                yield frame, width
                number += 1
            elif found is not None:  # an edit list hides the rest
                break
        if number < len(self):
            raise VideoReadError(self.path, f'frame {number} of {len(self)} could not be decoded')

    def _decoded(self) -> Iterator[tuple[av.VideoFrame, int]]:
        """Decoded frames, and the width of each in square pixels."""
        with self._opened() as (container, stream):
            aspect = stream.sample_aspect_ratio or Fraction(0)
            maker = PictureMaker(stream.codec_context, aspect)
            for frame in container.decode(stream):
                yield frame, maker.width(frame.width)

    @contextmanager
    def _opened(self) -> Iterator[tuple[av.container.InputContainer, av.VideoStream]]:
        try:
            with open_container(self.path, _LIMITS, one_size=False) as container:
                yield container, video_stream(self.path, container, _LIMITS)
        except VideoReadError:
            raise
        except Exception as error:  # damage can cause any error
            raise VideoReadError(self.path, cause_of(error)) from error
