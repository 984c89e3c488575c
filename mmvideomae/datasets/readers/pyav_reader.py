"""Reader over PyAV: exact on whatever its FFmpeg decodes, seeking by key frames."""

import os
from collections.abc import Iterable, Iterator

import av
import numpy as np
from av.video.reformatter import VideoReformatter

from mmvideomae.datasets.readers.av_container import open_container, reason_of
from mmvideomae.datasets.readers.base import VideoReader, VideoReadError
from mmvideomae.datasets.readers.packet_index import PacketIndex, index_by_time, read_packets

# Decoders that ask at every packet whether to pass over it; others ask once, when opened.
_CAN_SKIP = ('h264', 'hevc')
# Since PyAV 17 the colour conversion takes as many threads as there are cores.
_ONE_THREAD = {'threads': 1} if int(av.__version__.split('.')[0]) >= 17 else {}


class PyAVReader(VideoReader):
    """Frames through PyAV.

    Opening reads all packets once and decodes none, so that frame ``n`` is known
    by its time stamp.  Reading starts at the key frame before the wanted frame
    and passes over pictures that neither the caller nor another picture needs.
    Files without usable time stamps (most AVI) are decoded from their start.

    Args:
        path: A video file.

    Raises:
        VideoReadError: The file holds no video, or less than its header lists.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        super().__init__(path)
        self._reformatter = VideoReformatter()
        self._container = open_container(path)
        try:
            self._stream = self._video_stream()
            packets = read_packets(self._container, self._stream)
            self._check_complete(len(packets))
            self._index = index_by_time(packets, self._container, self._stream)
            self._length = self._count() if self._index is None else len(self._index.frames)
            if not self._length:
                raise VideoReadError(self.path, 'it holds no frame that can be decoded')
        except (av.FFmpegError, ValueError) as error:
            self.close()
            raise VideoReadError(self.path, reason_of(error)) from None
        except VideoReadError:
            self.close()
            raise

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

    def _video_stream(self) -> av.VideoStream:
        stream = self._container.streams.best('video')
        if stream is None or stream.codec_context is None:
            raise VideoReadError(self.path, 'it holds no video stream that can be decoded')
        stream.codec_context.thread_count = 1
        return stream

    def _check_complete(self, held: int) -> None:
        listed = self._stream.frames
        if 'mp4' not in self._container.format.name or held >= listed:
            return  # only this header lists every frame; others merely estimate
        with open_container(self.path, {'ignore_editlist': '1'}) as container:
            # A trimmed file keeps all frames, and the edit list passes over some.
            stream = container.streams[self._stream.index]
            held = sum(1 for packet in container.demux(stream) if packet.size)
        if held < listed:
            raise VideoReadError(self.path, f'it lists {listed} frames but holds {held}')

    def _count(self) -> int:
        return sum(1 for _ in self._in_order())

    def _in_order(self) -> Iterator[av.VideoFrame]:
        """All pictures from the start of the file on."""
        self.close()  # streams without times cannot be rewound, only opened again
        self._container = open_container(self.path)
        self._stream = self._video_stream()
        yield from self._container.decode(self._stream)

    def _decode(self, indices: np.ndarray) -> np.ndarray:
        try:
            if self._index is None:
                pictures = self._by_count(indices)
            else:
                pictures = self._by_time(self._index, indices)
        except av.FFmpegError as error:
            raise VideoReadError(self.path, reason_of(error)) from None
        missing = [index for index in indices.tolist() if index not in pictures]
        if missing:
            raise VideoReadError(
                self.path, f'frame {missing[0]} of {len(self)} could not be decoded'
            )
        frames = [pictures[index] for index in indices.tolist()]
        if len({frame.shape for frame in frames}) > 1:
            raise VideoReadError(self.path, 'the frame size changes within it')
        return np.stack(frames)

    def _by_count(self, indices: np.ndarray) -> dict[int, np.ndarray]:
        wanted = set(indices.tolist())
        pictures: dict[int, np.ndarray] = {}
        for number, frame in enumerate(self._in_order()):
            if number in wanted:
                pictures[number] = self._to_rgb(frame)
            if len(pictures) == len(wanted):
                break
        return pictures

    def _by_time(self, index: PacketIndex, indices: np.ndarray) -> dict[int, np.ndarray]:
        starts = index.starts[indices]
        pictures: dict[int, np.ndarray] = {}
        for start in np.unique(starts).tolist():
            group = indices[starts == start].tolist()
            pictures.update(self._decode_group(index, start, group))
        missing = [number for number in indices.tolist() if number not in pictures]
        if missing:
            # Not every key frame is one: with periodic intra refresh a picture is
            # complete only a while after it.
            pictures.update(self._decode_group(index, int(index.keys[0]), missing))
        return pictures

    def _decode_group(
        self, index: PacketIndex, start: int, indices: list[int]
    ) -> dict[int, np.ndarray]:
        """Decode frames of one group of pictures from the key frame packet ``start`` on."""
        places = index.frames[indices]
        wanted = dict(zip(index.pts[places].tolist(), indices, strict=True))
        context = self._stream.codec_context
        pictures: dict[int, np.ndarray] = {}

        def keep(frames: Iterable[av.VideoFrame]) -> None:
            for frame in frames:
                if frame.pts in wanted:
                    pictures[wanted[frame.pts]] = self._to_rgb(frame)

        for packet in self._packets(index, start, int(places.max())):
            if context.name in _CAN_SKIP:
                # A picture that no other refers to costs nothing when it is not wanted.
                context.skip_frame = 'DEFAULT' if packet.pts in wanted else 'NONREF'
            keep(context.decode(packet))
        keep(context.decode(None))
        return pictures

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

    def _to_rgb(self, frame: av.VideoFrame) -> np.ndarray:
        """One decoded picture -> (H, W, 3) uint8, turned as the file asks."""
        turns = round(frame.rotation / 90) % 4
        if frame.interlaced_frame and frame.format.name in ('yuv420p', 'yuvj420p'):
            # Its FFmpeg would convert the colours of each field alone, which the
            # other readers do not; a copy does not know that it is interlaced.
            copy = av.VideoFrame.from_ndarray(frame.to_ndarray(), format=frame.format.name)
            copy.colorspace, copy.color_range = frame.colorspace, frame.color_range
            frame = copy
        picture = self._reformatter.reformat(frame, format='rgb24', **_ONE_THREAD).to_ndarray()
        return np.ascontiguousarray(np.rot90(picture, turns)) if turns else picture
