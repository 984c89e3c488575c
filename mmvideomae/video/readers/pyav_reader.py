"""Reader over PyAV: exact on whatever its FFmpeg decodes, seeking by key frames."""

import os
from collections.abc import Iterable, Iterator
from itertools import count
from typing import NamedTuple

import av
import numpy as np

from mmvideomae.errors import one_line
from mmvideomae.video.readers.av_container import open_container, require_complete, video_stream
from mmvideomae.video.readers.base import SIZE_CHANGES, VideoReader, VideoReadError, cause_of
from mmvideomae.video.readers.limits import ReadLimits
from mmvideomae.video.readers.packet_index import PacketIndex, index_by_time, read_packets
from mmvideomae.video.readers.pictures import PictureMaker, orientation

# Decoders that ask at every packet whether to pass over it; others ask once, when opened.
_CAN_SKIP = ('h264', 'hevc')
_MOST_SHAPES = 16  # key frames that are decoded to see whether the size of pictures changes


class Traits(NamedTuple):
    """What tells whether another library reads a file as PyAV does.

    Attributes:
        container, codec, pix_fmt: FFmpeg's names.
        timed: Frames are found by their times.
        whole: Every picture of the file is shown.
        closed: No picture behind a key frame needs one before it.
        upright: Pictures are shown as they are stored, or turned as a mark in MP4 says.
    """

    container: str
    codec: str
    pix_fmt: str
    timed: bool
    whole: bool
    closed: bool
    upright: bool


class PyAVReader(VideoReader):
    """Frames through PyAV.

    Opening reads all packets once and decodes none, so that frame ``n`` is known
    by its time stamp.  Reading starts at the key frame before the wanted frame
    and passes over pictures that neither the caller nor another picture needs.
    Files without usable time stamps (most AVI) are decoded from their start.

    Args:
        path: A video file.
        limits: How much it may ask for.
        square_pixels: Resize pictures whose pixels are not square, see `VideoReader`.
        threads: That decode; 0: as many as there are cores.

    Raises:
        VideoReadError: The file holds no video, less than its header lists, pictures of
            several sizes or more than the limits allow.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        limits: ReadLimits | None = None,
        square_pixels: bool = True,
        threads: int = 1,
    ) -> None:
        super().__init__(path, limits)
        self._square, self._threads = square_pixels, threads
        self._container = open_container(self.path, self.limits)
        try:
            self._stream = self._video_stream()
            self._make_picture = PictureMaker(self._stream, self._square)
            self._check_size()
            self._read_index()
        except VideoReadError:
            self.close()
            raise
        except Exception as error:  # damage can surface as anything
            self.close()
            raise VideoReadError(self.path, cause_of(error)) from error

    def __len__(self) -> int:
        return self._length

    @property
    def fps(self) -> float:
        seconds = 0.0 if self._index is None else self._index.end() * self._clock
        if seconds > 0:
            return len(self) / seconds
        return float(self._stream.average_rate or self._stream.guessed_rate or 0.0)

    @property
    def times(self) -> np.ndarray:
        if self._index is None:
            return super().times
        return self._index.times() * self._clock

    @property
    def _clock(self) -> float:
        """Seconds that a unit of the stream's times takes."""
        return float(self._stream.time_base or 0)

    def close(self) -> None:
        self._container.close()

    def in_order(self, wanted: Iterable[int]) -> Iterator[tuple[int, np.ndarray]]:
        """Number and picture (H, W, 3) uint8 of frames, given ascending numbers, in one pass.

        Random access costs a jump to a key frame each time; here the file is read like a player
        does.

        Raises:
            VideoReadError: The file ends early, or its data cannot be decoded.
        """
        waiting = iter(wanted)
        number = next(waiting, None)
        try:
            for found, frame in self._numbered():
                if number is None:
                    return
                if found == number:
                    yield number, self._to_rgb(frame)
                    number = next(waiting, None)
        except av.FFmpegError as error:
            raise VideoReadError(self.path, one_line(error.strerror or error, 200)) from None
        if number is not None:
            raise VideoReadError(self.path, f'frame {number} of {len(self)} could not be decoded')

    def _numbered(self) -> Iterator[tuple[int, av.VideoFrame]]:
        if self._index is None:
            yield from zip(count(), self._in_order(), strict=False)
            return
        pts = self._index.pts[self._index.frames].tolist()
        numbers = {time: number for number, time in enumerate(pts)}
        for frame in self._in_order():
            if frame.pts in numbers:
                yield numbers[frame.pts], frame

    def traits(self) -> Traits:
        """What the file is like; decodes its first frame.

        Raises:
            VideoReadError: That cannot be decoded.
        """
        frame, index = self._first_frame(), self._index
        turns, mirrored = orientation(frame)
        container = self._container.format.name
        listed = self._stream.frames
        square = self._make_picture.width(frame.width) == frame.width
        return Traits(
            container,
            self._stream.codec_context.name,
            frame.format.name,
            timed=index is not None,
            whole=index is not None and len(index.frames) == max(len(index.pts), listed),
            closed=index is not None and self._closed and not index.open_groups(),
            upright=square and not mirrored and (not turns or 'mp4' in container),
        )

    def _first_frame(self) -> av.VideoFrame:
        try:
            return next(self._in_order())
        except (av.FFmpegError, StopIteration) as error:
            raise VideoReadError(self.path, cause_of(error)) from None

    def _video_stream(self) -> av.VideoStream:
        return video_stream(self.path, self._container, self.limits, self._threads)

    def _check_size(self) -> None:
        context = self._stream.codec_context
        width, height = self._make_picture.width(context.width), context.height
        self._refuse(
            self.limits.excess('pixels', width * height, f'a picture of {width}x{height} has')
        )
        if not width * height:
            most = f'the {self.limits.pixels:,} that limits.pixels of OpenVideo allows'
            raise VideoReadError(self.path, f'its pictures have no pixels, or more than {most}')

    def _read_index(self) -> None:
        """Find out where frames stand, and whether all are there and of one size."""
        packets = read_packets(self._container, self._stream, self.limits.frames)
        held = len(packets.table)
        self._refuse(self.limits.excess('frames', held, 'it has at least'))
        require_complete(self.path, self._stream, held, self.limits)
        self._index = index_by_time(packets.table, self._container, self._stream)
        self._closed = packets.closed
        if self._index is None:
            self._length = self._count()
            return
        self._length = len(self._index.frames)
        if not self._length:
            raise VideoReadError(self.path, 'it holds no frame that can be decoded')
        odd = np.flatnonzero(np.isin(self._index.frames, packets.shapes[:_MOST_SHAPES]))
        if odd.size and len({each.shape for _, each in self._decode(np.union1d(odd, [0]))}) > 1:
            raise VideoReadError(self.path, SIZE_CHANGES)

    def _refuse(self, reason: str) -> None:
        if reason:
            raise VideoReadError(self.path, reason)

    def _count(self) -> int:
        """Frames of a file without usable times, which only decoding tells."""
        count, sizes = 0, set()
        for frame in self._in_order():
            count += 1
            sizes.add((self._make_picture.width(frame.width), frame.height))
        if len(sizes) > 1:
            raise VideoReadError(self.path, SIZE_CHANGES)
        if not count:
            raise VideoReadError(self.path, 'it holds no frame that can be decoded')
        return count

    def _in_order(self) -> Iterator[av.VideoFrame]:
        """All pictures from the start of the file on."""
        self.close()  # streams without times cannot be rewound, only opened again
        self._container = open_container(self.path, self.limits)
        self._stream = self._video_stream()
        self._make_picture = PictureMaker(self._stream, self._square)
        yield from self._container.decode(self._stream)

    def _to_rgb(self, frame: av.VideoFrame) -> np.ndarray:
        """One decoded frame -> (H, W, 3) uint8."""
        return self._make_picture(frame)

    def _decode(self, indices: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
        if self._index is None:
            return self._by_count(indices)
        return self._by_time(self._index, indices)

    def _by_count(self, indices: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
        wanted = set(indices.tolist())
        for number, frame in enumerate(self._in_order()):
            if number in wanted:
                yield number, self._to_rgb(frame)
            if number == indices[-1]:
                break

    def _by_time(self, index: PacketIndex, indices: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
        starts = index.starts[indices]
        missing = set(indices.tolist())
        for start in np.unique(starts).tolist():
            for number, picture in self._decode_group(index, start, indices[starts == start]):
                missing.discard(number)
                yield number, picture
        if missing:
            # Not every key frame is one: with periodic intra refresh a picture is
            # complete only a while after it.
            yield from self._decode_group(index, int(index.keys[0]), np.array(sorted(missing)))

    def _decode_group(
        self, index: PacketIndex, start: int, indices: np.ndarray
    ) -> Iterator[tuple[int, np.ndarray]]:
        """Decode frames of one group of pictures from the key frame packet ``start`` on."""
        places = index.frames[indices]
        wanted = dict(zip(index.pts[places].tolist(), indices.tolist(), strict=True))
        context = self._stream.codec_context
        first = start == index.keys[0]

        def pictures(frames: Iterable[av.VideoFrame]) -> Iterator[tuple[int, np.ndarray]]:
            for frame in frames:
                # What is damaged may be whole when decoded from an earlier key frame.
                if frame.pts in wanted and (first or not frame.is_corrupt):
                    yield wanted[frame.pts], self._to_rgb(frame)

        for packet in self._packets(index, start, int(places.max())):
            if context.name in _CAN_SKIP:
                # A picture that no other refers to costs nothing when it is not wanted.
                context.skip_frame = 'DEFAULT' if packet.pts in wanted else 'NONREF'
            yield from pictures(context.decode(packet))
        yield from pictures(context.decode(None))

    def _packets(self, index: PacketIndex, start: int, last: int) -> Iterator[av.Packet]:
        """Seek, and read the packets from ``start`` to ``last``, both included."""
        earlier = index.keys[index.keys < start]
        # Containers seek by decoding time, by presentation time or nearly: where
        # one lands too late, it comes before ``start`` from an earlier key frame.
        for key in (start, *earlier[-2:][::-1].tolist(), int(index.keys[0])):
            self._container.seek(int(index.dts[key]), stream=self._stream)
            packets = (packet for packet in self._container.demux(self._stream) if packet.size)
            packet = next(packets, None)
            place = None if packet is None else index.place(packet)
            if place is not None and place <= start:
                break
        else:
            raise VideoReadError(self.path, 'no seek reaches the wanted frames')
        while packet is not None and place is not None:
            if place >= start:
                yield packet
            if place >= last:
                return
            packet, place = next(packets, None), place + 1
