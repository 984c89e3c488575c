"""Where the frames of a video stream stand among its packets."""

import math
from array import array
from io import BufferedIOBase, RawIOBase
from typing import NamedTuple

import av
import numpy as np

from mmvideomae.video.readers.key_packets import look_at

# An MPEG-4 packet of this many bytes at most may say "nothing changed", and then
# decodes to no picture at all.
_EMPTY_PACKET = 16
_LONGEST_HEADER = 64  # bytes before the data of a packet, in Matroska for example


PlainFile = RawIOBase | BufferedIOBase
"""The bytes of a file, at a place of one's choice."""


class PacketIndex(NamedTuple):
    """Frames by time stamp: packets stand in decoding order, frames in order of presentation.

    A packet holds a frame when a decoder can turn it into a picture: from the
    first key frame on, and unless an edit list hides it.

    Attributes:
        pts: Presentation time of every packet in units of the stream, (P,) int64, as all others.
        dts: Decoding time, or the presentation time where there is none, (P,).
        durations: For how long every picture is shown, -1 where the file does not say, (P,).
        positions, sizes: Where in the file every packet begins, and its bytes, (P,).
        keys: Packets of the key frames, ascending.
        frames: Packet of every frame, (F,).
        starts: Packet of the key frame from which to decode every frame, (F,).
    """

    pts: np.ndarray
    dts: np.ndarray
    durations: np.ndarray
    positions: np.ndarray
    sizes: np.ndarray
    keys: np.ndarray
    frames: np.ndarray
    starts: np.ndarray

    @classmethod
    def of_packets(
        cls,
        pts: np.ndarray,
        dts: np.ndarray,
        durations: np.ndarray,
        positions: np.ndarray,
        sizes: np.ndarray,
        is_key: np.ndarray,
        is_hidden: np.ndarray,
    ) -> 'PacketIndex':
        """Find the frames.

        Args:
            pts, dts, durations, positions, sizes: See above.
            is_key: Whether a decoder may start at the packet, (P,) bool.
            is_hidden: Whether an edit list hides the packet's picture, (P,) bool.
        """
        keys = np.flatnonzero(is_key)
        frames = starts = np.empty(0, np.int64)
        if keys.size:
            first = keys[0]
            shown = np.flatnonzero(~is_hidden & (pts >= pts[first]))
            shown = shown[shown >= first]
            frames = shown[np.argsort(pts[shown], kind='stable')]
            # A picture that is shown before a key frame but stored behind it (open
            # groups of pictures) needs the key frame before that one.
            passed = np.searchsorted(pts[keys], pts[frames], side='right')
            starts = keys[np.maximum(passed - 1, 0)]
        return cls(pts, dts, durations, positions, sizes, keys, frames, starts)

    def times(self) -> np.ndarray:
        """When each frame appears, in units of the stream from the first frame, (F,) int64."""
        pts = self.pts[self.frames]
        return pts - pts[0]

    def end(self) -> float:
        """When the last frame disappears, in units of the stream from the first frame.

        If the file does not say, the last frame has the median duration of the rest.
        """
        times = self.times()
        last = float(self.durations[self.frames[-1]])
        if last < 0:
            last = float(np.median(np.diff(times))) if len(times) > 1 else 0.0
        return float(times[-1] + last)

    def open_groups(self) -> bool:
        """Whether a frame is shown before the key frame behind which it is stored."""
        stored = np.searchsorted(self.keys, self.frames, side='right') - 1
        return bool((self.keys[np.maximum(stored, 0)] != self.starts).any())

    def place(self, packet: av.Packet) -> int | None:
        """Find a packet that was read after a seek; None when it is not of the index."""
        found = np.flatnonzero(self.pts == packet.pts)
        return int(found[0]) if found.size else None


class Packets(NamedTuple):
    """The packets of a stream, in the order of the file.

    Attributes:
        table: (P, 7) float64 with columns pts, dts, duration, position in the file, bytes, is key,
            is hidden; what the container does not give is NaN.
        shapes: Key packets that say the shape of pictures otherwise than those before.
        closed: Whether no picture behind a key packet needs one before it.
        plain: Whether every packet stands in the file as the container gives it.
    """

    table: np.ndarray
    shapes: list[int]
    closed: bool
    plain: bool


def read_packets(
    container: av.container.InputContainer,
    stream: av.VideoStream,
    most: int,
    file: PlainFile | None = None,
) -> Packets:
    """Read the packets of a stream up to ``most`` and one, decoding none.

    Args:
        file: The same file, to see whether it holds packets plainly.
    """
    codec = stream.codec_context.codec.canonical_name
    extradata = bytes(stream.codec_context.extradata or b'')
    numbers = array('d')
    headers: dict[bytes, int] = {}
    closed, plain = True, file is not None
    for place, packet in enumerate(each for each in container.demux(stream) if each.size):
        key, position = packet.is_keyframe, None
        if key:
            look = look_at(codec, bytes(packet), extradata)
            # The first one counts anyway, because a decoder starts there at the start of the file.
            key = look.whole or not headers
            headers.setdefault(look.shape, place)
            closed = closed and look.closed
        if plain and file is not None:
            position = _position_of(packet, file)
            plain = position is not None
        row = (packet.pts, packet.dts, packet.duration or None, position)
        numbers.extend([math.nan if number is None else number for number in row])
        numbers.extend((packet.size, key, packet.is_discard))
        if place == most:
            break
    headers.pop(b'', None)
    table = np.frombuffer(numbers).reshape(-1, 7)
    return Packets(table, list(headers.values())[1:], closed, plain)


def _position_of(packet: av.Packet, file: PlainFile) -> int | None:
    """Where a file holds a packet in one piece, behind a header of its container or at once."""
    if packet.pos is None or packet.pos < 0:
        return None
    file.seek(packet.pos)
    ahead = (file.read(packet.size + _LONGEST_HEADER) or b'').find(bytes(packet))
    return None if ahead < 0 else packet.pos + ahead


def index_by_time(
    table: np.ndarray, container: av.container.InputContainer, stream: av.VideoStream
) -> PacketIndex | None:
    """Index frames by their times, or None where times do not tell the order of frames.

    AVI stores no times, and what FFmpeg makes up for it is wrong with B-frames;
    MPEG program streams give times to some pictures only, and in streams that were
    joined times begin anew.
    """
    pts = table[:, 0]
    name = container.format.name
    codec = stream.codec_context.name
    if np.isnan(pts).any() or len(np.unique(pts)) < len(pts) or name == 'mpeg':
        return None
    if name == 'avi' and stream.codec_context.has_b_frames:
        return None
    if codec == 'mpeg4' and (table[:, 4] <= _EMPTY_PACKET).any():
        return None
    dts = table[:, 1]
    if (np.diff(dts[~np.isnan(dts)]) < 0).any():
        return None
    known = np.where(np.isnan(table), -1, table).astype(np.int64)
    return PacketIndex.of_packets(
        known[:, 0],
        np.where(np.isnan(dts), pts, dts).astype(np.int64),
        known[:, 2],
        known[:, 3],
        known[:, 4],
        known[:, 5] > 0,
        known[:, 6] > 0,
    )
