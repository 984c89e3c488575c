"""Decoded frames of a file, in order or by number."""

from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import cast

import av
import numpy as np

from mmvideomae.storage.remote import is_elsewhere, open_bytes
from mmvideomae.video.readers.av_container import limit_decoder, open_container, video_stream
from mmvideomae.video.readers.base import VideoReadError
from mmvideomae.video.readers.limits import ReadLimits
from mmvideomae.video.readers.packet_index import PacketIndex, PlainFile
from mmvideomae.video.readers.pictures import PictureMaker
from mmvideomae.video.readers.stream_facts import StreamFacts

# Decoders that check `skip_frame` at every packet; others check it once, when opened.
_CAN_SKIP = ('h264', 'hevc')

Numbered = tuple[int, av.VideoFrame]
"""The number of a frame, and what was decoded."""


def open_plain(path: str) -> PlainFile:
    """Open a file to read its bytes; a local file is not buffered."""
    if is_elsewhere(path):
        return cast(PlainFile, open_bytes(path))
    return open(path, 'rb', buffering=0)


class Decoding:
    """Decodes a file whose packets come from its container, or are read directly by an index.

    Args:
        path: A video file.
        limits: Upper limits on what the file may ask for.
        square_pixels: Resize pictures whose pixels are not square.
        threads: Number of decoding threads; 0 means one per core.

    Attributes:
        container, stream: Where packets come from, unless they are read directly.
        picture: Turns a frame into an array (H, W, 3).
    """

    container: av.container.InputContainer
    stream: av.VideoStream
    picture: PictureMaker

    def __init__(self, path: str, limits: ReadLimits, square_pixels: bool, threads: int) -> None:
        self._path, self._limits = path, limits
        self._square, self._threads = square_pixels, threads
        self._file: PlainFile | None = None
        self._opened: list[av.container.InputContainer | PlainFile] = []

    def close(self) -> None:
        """Release the file."""
        while self._opened:
            self._opened.pop().close()

    def through_container(self) -> None:
        """Open the container, to read from its start.

        Raises:
            VideoReadError: It cannot be opened, or holds no video.
        """
        self.close()
        self._file = None
        self.container = open_container(self._path, self._limits)
        self._opened.append(self.container)
        self.stream = video_stream(self._path, self.container, self._limits, self._threads)
        aspect = self.stream.sample_aspect_ratio or Fraction(0)
        self._decode_by(self.stream.codec_context, aspect)

    def from_file(self, facts: StreamFacts) -> None:
        """Open the file to read packets at the positions in an index."""
        self.close()
        self._file = open_plain(self._path)
        self._opened.append(self._file)
        self._facts = facts
        context = facts.new_decoder()
        limit_decoder(context, self._limits, self._threads)
        self._decode_by(context, facts.aspect)

    def _decode_by(self, context: av.VideoCodecContext, aspect: Fraction) -> None:
        self._context = context
        self._can_skip = context.codec.canonical_name in _CAN_SKIP
        self.picture = PictureMaker(context, aspect, self._square)

    def in_order(self) -> Iterator[av.VideoFrame]:
        """All frames from the start of the file on."""
        self.through_container()  # streams without times cannot be rewound, only opened again
        yield from self.container.decode(self.stream)

    def by_time(self, index: PacketIndex, indices: np.ndarray) -> Iterator[Numbered]:
        """Decode frames with ascending numbers; each is yielded once, in any order."""
        starts = index.starts[indices]
        missing = set(indices.tolist())
        for start in np.unique(starts).tolist():
            for number, frame in self._decode_group(index, start, indices[starts == start]):
                missing.discard(number)
                yield number, frame
        if missing:
            # With periodic intra refresh, a picture is complete only some time after
            # what is marked as a key frame.
            yield from self._decode_group(index, int(index.keys[0]), np.array(sorted(missing)))

    def _decode_group(
        self, index: PacketIndex, start: int, indices: np.ndarray
    ) -> Iterator[Numbered]:
        """Decode frames of one group of pictures from the key frame packet ``start`` on."""
        places = index.frames[indices]
        wanted = dict(zip(index.pts[places].tolist(), indices.tolist(), strict=True))
        context = self._context
        first = start == index.keys[0]

        def found(frames: Iterable[av.VideoFrame]) -> Iterator[Numbered]:
            for frame in frames:
                # A damaged frame may be intact when decoded from an earlier key frame.
                if frame.pts in wanted and (first or not frame.is_corrupt):
                    yield wanted[frame.pts], frame

        for packet in self._packets(index, start, int(places.max())):
            if self._can_skip:
                # Unwanted pictures that no other picture refers to are not decoded.
                context.skip_frame = 'DEFAULT' if packet.pts in wanted else 'NONREF'
            yield from found(context.decode(packet))
        yield from found(context.decode(None))

    def _packets(self, index: PacketIndex, start: int, last: int) -> Iterator[av.Packet]:
        """The packets from ``start`` to ``last``, both included, for a decoder that begins anew."""
        if self._file is None:
            yield from self._demux(index, start, last)
            return
        self._facts.rewind(self._context)
        part = slice(start, last + 1)
        columns = (index.pts, index.dts, index.positions, index.sizes)
        for pts, dts, position, size in zip(*(c[part].tolist() for c in columns), strict=True):
            # A packet made from bytes would lack the zero padding that decoders read.
            packet = av.Packet(size)
            self._file.seek(position)
            if self._file.readinto(memoryview(packet)) < size:
                raise VideoReadError(self._path, 'its data ends early')
            packet.pts, packet.dts = pts, dts
            yield packet

    def _demux(self, index: PacketIndex, start: int, last: int) -> Iterator[av.Packet]:
        """Seek to a packet, and read on."""
        earlier = index.keys[index.keys < start]
        # Containers seek by decoding time, by presentation time or nearly: where
        # one lands too late, it comes before ``start`` from an earlier key frame.
        for key in (start, *earlier[-2:][::-1].tolist(), int(index.keys[0])):
            self.container.seek(int(index.dts[key]), stream=self.stream)
            packets = (packet for packet in self.container.demux(self.stream) if packet.size)
            packet = next(packets, None)
            place = None if packet is None else index.place(packet)
            if place is not None and place <= start:
                break
        else:
            raise VideoReadError(self._path, 'no seek reaches the wanted frames')
        while packet is not None and place is not None:
            if place >= start:
                yield packet
            if place >= last:
                return
            packet, place = next(packets, None), place + 1
