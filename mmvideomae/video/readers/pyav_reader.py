"""A reader based on PyAV: exact for all files that its FFmpeg decodes, seeking by key frames."""

import os
from collections.abc import Iterable, Iterator
from itertools import count
from typing import NamedTuple

import av
import numpy as np

from mmvideomae.errors import one_line
from mmvideomae.video.readers.av_container import require_complete
from mmvideomae.video.readers.base import SIZE_CHANGES, TimedReader, VideoReadError, cause_of
from mmvideomae.video.readers.decoding import Decoding, Numbered, open_plain
from mmvideomae.video.readers.file_state import FileKey, file_key
from mmvideomae.video.readers.known_files import KnownFile, recall, remember
from mmvideomae.video.readers.limits import ReadLimits
from mmvideomae.video.readers.packet_index import PacketIndex, index_by_time, read_packets
from mmvideomae.video.readers.pictures import orientation
from mmvideomae.video.readers.stream_facts import StreamFacts

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


class PyAVReader(TimedReader):
    """Frames through PyAV.

    Opening a file for the first time reads all packets and decodes next to none, so that frame
    ``n`` is known by its time stamp.  What was found is kept, so that later only the packets that
    are needed are read, without FFmpeg's demuxer where that makes no difference.  Reading starts
    at the key frame before the wanted frame and passes over pictures that neither the caller
    nor another picture needs.  Files without usable time stamps (most AVI) are decoded from
    their start.

    Args:
        path: A video file.
        limits: How much it may ask for.
        square_pixels: Resize pictures whose pixels are not square, see `VideoReader`.
        threads: That decode; 0: as many as there are cores.
        index_folder: Where what was found is kept for other processes and later runs.

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
        index_folder: str | None = None,
    ) -> None:
        super().__init__(path, limits)
        self._decoding = Decoding(self.path, self.limits, square_pixels, threads)
        key = index_key(self.path, self.limits, square_pixels)
        try:
            known = None if key is None else recall(key, index_folder)
            self._known = known or self._examine()
            if key is not None and known is None:
                remember(key, self._known, index_folder)
            if self._known.plain:
                self._decoding.from_file(self._known.stream)
            elif known is not None:
                self._decoding.through_container()
            self._times, self._fps = self._known.times, self._known.fps
        except VideoReadError:
            self.close()
            raise
        except Exception as error:  # damage can surface as anything
            self.close()
            raise VideoReadError(self.path, cause_of(error)) from error

    def close(self) -> None:
        self._decoding.close()

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
                    yield number, self._decoding.picture(frame)
                    number = next(waiting, None)
        except av.FFmpegError as error:
            raise VideoReadError(self.path, one_line(error.strerror or error, 200)) from None
        if number is not None:
            raise VideoReadError(self.path, f'frame {number} of {len(self)} could not be decoded')

    def _numbered(self) -> Iterator[Numbered]:
        index = self._known.packets
        if index is None:
            yield from zip(count(), self._decoding.in_order(), strict=False)
            return
        numbers = {time: number for number, time in enumerate(index.pts[index.frames].tolist())}
        for frame in self._decoding.in_order():
            if frame.pts in numbers:
                yield numbers[frame.pts], frame

    def traits(self) -> Traits:
        """What the file is like; decodes its first frame.

        Raises:
            VideoReadError: That cannot be decoded.
        """
        frame = self._first_frame()
        stream, index = self._known.stream, self._known.packets
        turns, mirrored = orientation(frame)
        square = self._decoding.picture.width(frame.width) == frame.width
        return Traits(
            stream.container,
            stream.codec,
            frame.format.name,
            timed=index is not None,
            whole=index is not None and len(index.frames) == max(len(index.pts), stream.listed),
            closed=index is not None and self._known.closed and not index.open_groups(),
            upright=square and not mirrored and (not turns or 'mp4' in stream.container),
        )

    def _first_frame(self) -> av.VideoFrame:
        try:
            return next(self._decoding.in_order())
        except (av.FFmpegError, StopIteration) as error:
            raise VideoReadError(self.path, cause_of(error)) from None

    def _examine(self) -> KnownFile:
        """Find out where frames stand, and whether all are there and of one size."""
        self._decoding.through_container()
        container, stream = self._decoding.container, self._decoding.stream
        facts = StreamFacts.of(container.format.name, stream)
        self._check_size(facts)
        with open_plain(self.path) as file:
            whole = file if facts.self_contained else None
            packets = read_packets(container, stream, self.limits.frames, whole)
        held = len(packets.table)
        self._refuse(self.limits.excess('frames', held, 'it has at least'))
        require_complete(self.path, stream, held, self.limits)
        index = index_by_time(packets.table, container, stream)
        length = self._count() if index is None else len(index.frames)
        if not length:
            raise VideoReadError(self.path, 'it holds no frame that can be decoded')
        plain = False
        if index is not None:
            self._check_shapes(index, packets.shapes[:_MOST_SHAPES])
            plain = packets.plain and self._is_plain(facts, index)
        return KnownFile.of(facts, length, index, packets.closed, plain)

    def _check_size(self, facts: StreamFacts) -> None:
        width, height = self._decoding.picture.width(facts.size[0]), facts.size[1]
        self._refuse(
            self.limits.excess('pixels', width * height, f'a picture of {width}x{height} has')
        )
        if not width * height:
            most = f'the {self.limits.pixels:,} that limits.pixels of OpenVideo allows'
            raise VideoReadError(self.path, f'its pictures have no pixels, or more than {most}')

    def _check_shapes(self, index: PacketIndex, packets: list[int]) -> None:
        """Decode the frames of packets whose pictures may have another size than the first."""
        odd = np.flatnonzero(np.isin(index.frames, packets))
        if odd.size:
            frames = self._decoding.by_time(index, np.union1d(odd, [0]))
            if len({self._decoding.picture(frame).shape for _, frame in frames}) > 1:
                raise VideoReadError(self.path, SIZE_CHANGES)

    def _is_plain(self, facts: StreamFacts, index: PacketIndex) -> bool:
        """Whether the container says no more of its pictures than was written down.

        What turns them comes with each decoded frame.
        """
        try:
            frame = next(frame for _, frame in self._decoding.by_time(index, np.array([0])))
        except (av.FFmpegError, VideoReadError, StopIteration):
            return False  # what is damaged here may be sound elsewhere
        return orientation(frame) == (0, False) and (frame.width, frame.height) == facts.size

    def _refuse(self, reason: str) -> None:
        if reason:
            raise VideoReadError(self.path, reason)

    def _count(self) -> int:
        """Frames of a file without usable times, which only decoding tells."""
        count, sizes = 0, set()
        for frame in self._decoding.in_order():
            count += 1
            sizes.add((self._decoding.picture.width(frame.width), frame.height))
        if len(sizes) > 1:
            raise VideoReadError(self.path, SIZE_CHANGES)
        return count

    def _decode(self, indices: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
        index = self._known.packets
        frames = (
            self._by_count(indices) if index is None else self._decoding.by_time(index, indices)
        )
        return ((number, self._decoding.picture(frame)) for number, frame in frames)

    def _by_count(self, indices: np.ndarray) -> Iterator[Numbered]:
        wanted = set(indices.tolist())
        for number, frame in enumerate(self._decoding.in_order()):
            if number in wanted:
                yield number, frame
            if number == indices[-1]:
                break


def index_key(path: str, limits: ReadLimits, square_pixels: bool) -> FileKey | None:
    """What the knowledge about a file depends on; None if it cannot be kept."""
    return file_key(path, av.__version__, limits, square_pixels)
