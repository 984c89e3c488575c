"""Reader over PyAV: exact on whatever its FFmpeg decodes, seeking by key frames."""

import os
from collections.abc import Iterator

import av
import numpy as np
from av.video.reformatter import VideoReformatter

from mmvideomae.datasets.readers.base import VideoReader, VideoReadError, one_line


class PacketIndex:
    """Where the frames of a stream stand among its packets.

    Packets stand in decoding order.  Shown are those that a decoder can turn
    into a picture: from the first key frame on, and not hidden by an edit list.

    Args:
        pts: Presentation time of every packet in units of the stream, (P,).
        dts: Decoding time, or the presentation time where there is none, (P,).
        keys: Whether a decoder may start at the packet, (P,) bool.
        hidden: Whether an edit list hides the packet's picture, (P,) bool.
    """

    def __init__(
        self, pts: np.ndarray, dts: np.ndarray, keys: np.ndarray, hidden: np.ndarray
    ) -> None:
        self.times = dts
        self.keys = np.flatnonzero(keys)
        first = self.keys[0] if self.keys.size else len(pts)
        shown = np.flatnonzero(~hidden & (pts >= (pts[first] if self.keys.size else 0)))
        shown = shown[shown >= first]
        order = shown[np.argsort(pts[shown], kind='stable')]
        self.frames = order
        """Packet of every frame, frames in order of presentation, (F,)."""
        # A picture that is shown before a key frame but stored behind it (open
        # groups of pictures) needs the key frame before that one.
        later = np.searchsorted(pts[self.keys], pts[order], side='right')
        self.starts = self.keys[np.maximum(later - 1, 0)]
        """Packet of the key frame from which to decode every frame, (F,)."""
        self.position_of = {
            stamp: place for place, stamp in enumerate(zip(pts.tolist(), dts.tolist(), strict=True))
        }
        self.pts = pts


class PyAVReader(VideoReader):
    """Frames through PyAV.

    Opening reads all packets once and decodes none, so that frame ``n`` is known
    by its time stamp.  Reading starts at the key frame before the wanted frame
    and passes over pictures that neither the caller nor another picture needs.

    Args:
        path: A video file.

    Raises:
        VideoReadError: The file holds no video, or less than its header lists.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        super().__init__(path)
        self._container: av.container.InputContainer | None = None
        try:
            # Tags may be in any encoding, and nobody asks for them.
            self._container = av.open(self.path, metadata_errors='ignore')
            self._stream = self._container.streams.best('video')
            if self._stream is None or self._stream.codec_context is None:
                raise VideoReadError(self.path, 'it holds no video stream that can be decoded')
            self._stream.codec_context.thread_count = 1
            self._index = self._read_index()
        except (av.FFmpegError, ValueError) as error:
            self.close()
            raise VideoReadError(self.path, _reason(error)) from None
        except VideoReadError:
            self.close()
            raise
        self._reformatter = VideoReformatter()

    def __len__(self) -> int:
        return len(self._index.frames)

    @property
    def fps(self) -> float:
        rate = self._stream.average_rate or self._stream.guessed_rate
        return float(rate) if rate else 0.0

    def close(self) -> None:
        if self._container is not None:
            self._container.close()
            self._container = None

    def _read_index(self) -> PacketIndex:
        rows = [
            (*_stamp(packet), packet.is_keyframe, packet.is_discard)
            for packet in self._container.demux(self._stream)
            if packet.size
        ]
        listed = self._stream.frames
        if 'mp4' in self._container.format.name and len(rows) < listed:
            # This header lists every frame, so that data must be missing.
            raise VideoReadError(self.path, f'it lists {listed} frames but holds {len(rows)}')
        if any(row[0] is None for row in rows):
            raise VideoReadError(self.path, 'its frames carry no presentation times')
        pts, dts, keys, hidden = np.array(rows, np.int64).reshape(-1, 4).T
        index = PacketIndex(pts, dts, keys.astype(bool), hidden.astype(bool))
        if not len(index.frames):
            raise VideoReadError(self.path, 'it holds no frame that can be decoded')
        return index

    def _decode(self, indices: np.ndarray) -> np.ndarray:
        pictures: dict[int, np.ndarray] = {}
        try:
            for start in np.unique(self._index.starts[indices]):
                group = indices[self._index.starts[indices] == start]
                pictures.update(self._decode_group(int(start), self._index.frames[group]))
        except av.FFmpegError as error:
            raise VideoReadError(self.path, _reason(error)) from None
        for index in indices:
            if int(self._index.pts[self._index.frames[index]]) not in pictures:
                raise VideoReadError(
                    self.path, f'frame {index} of {len(self)} could not be decoded'
                )
        frames = [pictures[int(self._index.pts[place])] for place in self._index.frames[indices]]
        if len({frame.shape for frame in frames}) > 1:
            raise VideoReadError(self.path, 'the frame size changes within it')
        return np.stack(frames)

    def _decode_group(self, start: int, places: np.ndarray) -> dict[int, np.ndarray]:
        """Decode the packets at ``places`` from the key frame at ``start``; keyed by time."""
        wanted = {int(self._index.pts[place]) for place in places}
        context = self._stream.codec_context
        pictures: dict[int, np.ndarray] = {}

        def keep(frames: list[av.VideoFrame]) -> None:
            for frame in frames:
                if frame.pts in wanted:
                    pictures[frame.pts] = self._to_rgb(frame)

        for packet in self._packets(start, int(places.max())):
            # A picture that no other refers to costs nothing when it is not wanted.
            context.skip_frame = 'DEFAULT' if packet.pts in wanted else 'NONREF'
            keep(context.decode(packet))
        context.skip_frame = 'DEFAULT'
        keep(context.decode(None))
        return pictures

    def _packets(self, start: int, last: int) -> Iterator[av.Packet]:
        """Seek, and read the packets from ``start`` to ``last``, both included."""
        earlier = self._index.keys[self._index.keys <= start]
        # Containers seek by decoding time, by presentation time or nearly: where
        # one lands too late, a seek to an earlier key frame comes before it.
        for key in (start, *earlier[-3:-1][::-1], 0):
            self._container.seek(int(self._index.times[key]), stream=self._stream)
            reached = False
            for packet in self._container.demux(self._stream):
                place = self._index.position_of.get(_stamp(packet))
                if not packet.size or (place is not None and place > start and not reached):
                    break
                reached = reached or place == start
                if reached:
                    yield packet
                if place is not None and place >= last:
                    return
            if reached:
                return

    def _to_rgb(self, frame: av.VideoFrame) -> np.ndarray:
        """One decoded picture -> (H, W, 3) uint8, turned as the file asks."""
        picture = self._reformatter.reformat(frame, format='rgb24').to_ndarray()
        turns = round(frame.rotation / 90) % 4
        return np.ascontiguousarray(np.rot90(picture, turns)) if turns else picture


def _stamp(packet: av.Packet) -> tuple[int | None, int | None]:
    """Presentation and decoding time; a packet without the latter is decoded when shown."""
    return packet.pts, packet.pts if packet.dts is None else packet.dts


def _reason(error: Exception) -> str:
    """Keep of PyAV's message what went wrong; the path is named elsewhere."""
    return one_line(getattr(error, 'strerror', None) or error)
