"""Where the frames of a video stream stand among its packets."""

import math
from array import array
from typing import NamedTuple

import av
import numpy as np

from mmvideomae.video.readers.key_packets import HEAD, is_closed, is_whole, shape_header

# An MPEG-4 packet of this many bytes at most may say "nothing changed", and then
# decodes to no picture at all.
_EMPTY_PACKET = 16


class PacketIndex:
    """Frames by time stamp: packets stand in decoding order, frames in order of presentation.

    A packet holds a frame when a decoder can turn it into a picture: from the
    first key frame on, and unless an edit list hides it.

    Args:
        pts: Presentation time of every packet in units of the stream, (P,).
        dts: Decoding time, or the presentation time where there is none, (P,).
        keys: Whether a decoder may start at the packet, (P,) bool.
        hidden: Whether an edit list hides the packet's picture, (P,) bool.
        durations: For how long every picture is shown, NaN where the file does not say, (P,).

    Attributes:
        frames: Packet of every frame, (F,).
        starts: Packet of the key frame from which to decode every frame, (F,).
        keys: Packets of the key frames, ascending.
    """

    def __init__(
        self,
        pts: np.ndarray,
        dts: np.ndarray,
        keys: np.ndarray,
        hidden: np.ndarray,
        durations: np.ndarray,
    ) -> None:
        self.pts = pts
        self.dts = dts
        self.durations = durations
        self.keys = np.flatnonzero(keys)
        if not self.keys.size:
            self.frames = self.starts = np.empty(0, np.int64)
            return
        first = self.keys[0]
        shown = np.flatnonzero(~hidden & (pts >= pts[first]))
        shown = shown[shown >= first]
        self.frames = shown[np.argsort(pts[shown], kind='stable')]
        # A picture that is shown before a key frame but stored behind it (open
        # groups of pictures) needs the key frame before that one.
        passed = np.searchsorted(pts[self.keys], pts[self.frames], side='right')
        self.starts = self.keys[np.maximum(passed - 1, 0)]

    def times(self) -> np.ndarray:
        """When each frame appears, in units of the stream from the first frame, (F,) int64."""
        pts = self.pts[self.frames]
        return pts - pts[0]

    def end(self) -> float:
        """When the last frame disappears, in units of the stream from the first frame.

        Where the file does not say, the last frame lasts as long as the median of the others.
        """
        times = self.times()
        last = self.durations[self.frames[-1]]
        if np.isnan(last):
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
        table: (P, 6) float64 with columns pts, dts, is key, is hidden, bytes, duration; a time
            that the container does not give is NaN.
        shapes: Key packets that say the shape of pictures otherwise than those before.
        closed: Whether no picture behind a key packet needs one before it.
    """

    table: np.ndarray
    shapes: list[int]
    closed: bool


def read_packets(
    container: av.container.InputContainer, stream: av.VideoStream, most: int
) -> Packets:
    """Read the packets of a stream up to ``most`` and one, decoding none."""
    codec = stream.codec_context.name
    extradata = bytes(stream.codec_context.extradata or b'')
    numbers = array('d')
    headers: dict[bytes, int] = {}
    closed = True
    for packet in container.demux(stream):
        if not packet.size:
            continue
        # The first key frame is one all the same: a decoder that begins with the file starts there.
        key = packet.is_keyframe and (not headers or is_whole(codec, bytes(packet), extradata))
        numbers.extend(
            math.nan if number is None else number
            for number in (
                *(packet.pts, packet.dts, key, packet.is_discard, packet.size),
                packet.duration or None,
            )
        )
        place = len(numbers) // 6 - 1
        if packet.is_keyframe:
            head = bytes(memoryview(packet)[:HEAD])
            headers.setdefault(shape_header(codec, head, extradata), place)
            closed = closed and is_closed(codec, head, extradata)
        if place == most:
            break
    headers.pop(b'', None)
    table = np.frombuffer(numbers).reshape(-1, 6)
    return Packets(table, list(headers.values())[1:], closed)


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
    return PacketIndex(
        pts.astype(np.int64),
        np.where(np.isnan(dts), pts, dts).astype(np.int64),
        table[:, 2].astype(bool),
        table[:, 3].astype(bool),
        table[:, 5],
    )
