"""Read the frames of a video from start to end, decoding each once and keeping none."""

import os
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from typing import Protocol

import numpy as np

from mmvideomae.video.readers import FrameFolderReader, ReadLimits, VideoReader, VideoReadError
from mmvideomae.video.readers.opening import check_file
from mmvideomae.video.readers.pyav_reader import PyAVReader
from mmvideomae.video.readers.sizes import resize_short_side


class FileStream(PyAVReader):
    """A video file decoded in one pass, by as many threads as there are cores.

    Frames have the numbers of `PyAVReader`, and their own times.

    Args:
        path: A video file, see `open_reader`.

    Raises:
        VideoReadError: The file cannot be read.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        check_file(path)  # a pipe would be waited for, and FFmpeg's message would not help
        super().__init__(path, threads=0)

    @cached_property
    def times(self) -> np.ndarray:  # shared by the records of all key frames
        """See `VideoReader.times`."""
        return super().times


class FolderStream(FrameFolderReader):
    """A folder of frames with the interface of `FileStream`."""

    @cached_property
    def times(self) -> np.ndarray:
        """See `VideoReader.times`."""
        return super().times

    def in_order(self, wanted: Iterable[int]) -> Iterator[tuple[int, np.ndarray]]:
        """Numbers and pictures (H, W, 3) uint8 of frames, given ascending numbers."""
        for number in wanted:
            yield number, self.read([number])[0]


def open_stream(
    video: str | os.PathLike[str],
    filename_tmpl: str = 'img_{:05}.jpg',
    fps: float = 25.0,
    start: int | None = None,
) -> FileStream | FolderStream:
    """Open a video file, or a folder of frames, for reading in order.

    Args:
        filename_tmpl, fps, start: For a folder, see `FrameFolderReader`.

    Raises:
        VideoReadError: It cannot be read.
    """
    if os.path.isdir(video):
        return FolderStream(video, filename_tmpl, start, fps=fps)
    return FileStream(video)


class FrameStream(Protocol):
    """The source from which windows are read, see `mmvideomae.video.streams`."""

    path: str
    limits: ReadLimits

    def __len__(self) -> int:
        """Number of frames."""

    @property
    def fps(self) -> float:
        """Frames per second, on average."""

    @property
    def times(self) -> np.ndarray:
        """Time at which each frame appears, see `VideoReader.times`."""

    @property
    def duration(self) -> float:
        """Seconds from the first frame's appearance to the end of the last one."""

    def in_order(self, wanted: Sequence[int]) -> Iterator[tuple[int, np.ndarray]]:
        """Numbers and pictures of frames, given ascending numbers."""


class KeptFrames(VideoReader):
    """A reader of frames that are already in memory, for transforms.

    Args:
        path: Path for errors.
        frames: Pictures (H, W, 3) uint8, keyed by number.
        length: Number of frames of the video.
        fps: Frames per second.
        times: Time at which each frame of the video appears, in seconds; None: a constant rate.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        frames: dict[int, np.ndarray],
        length: int,
        fps: float,
        times: np.ndarray | None = None,
    ) -> None:
        super().__init__(path)
        self._frames, self._length, self._fps, self._times = frames, length, fps, times

    def __len__(self) -> int:
        return self._length

    @property
    def fps(self) -> float:
        return self._fps

    @property
    def times(self) -> np.ndarray:
        return super().times if self._times is None else self._times

    def close(self) -> None:
        """There is nothing to close."""

    def _decode(self, indices: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
        return ((index, self._frames[index]) for index in indices.tolist())


def read_once(
    stream: FrameStream, needed: Sequence[np.ndarray], short_side: int | None = None
) -> Iterator[KeptFrames]:
    """Readers of the frames that each of several clips needs; no frame is decoded twice.

    Frames are kept after decoding until no clip needs them; a reader keeps its own frames as long
    as it exists.

    Args:
        needed: Numbers of frames, (T,) for each clip; the clips begin in ascending order.
        short_side: Keep frames resized so that their short side has this length.

    Raises:
        VideoReadError: A frame cannot be decoded, or a clip exceeds the limit.
    """
    if not needed:
        return
    # Later clips need no earlier frames than this.
    since = np.minimum.accumulate([int(inds.min()) for inds in needed][::-1])[::-1]
    wanted = np.unique(np.concatenate([inds.ravel() for inds in needed])).tolist()
    most = max(len(np.unique(inds)) for inds in needed)
    kept: dict[int, np.ndarray] = {}
    times = stream.times
    place = 0
    for number, decoded in stream.in_order(wanted):
        picture = decoded if short_side is None else resize_short_side(decoded, short_side)
        if not kept:
            what = f'a clip of {most} frames of {picture.shape[1]}x{picture.shape[0]} takes'
            if reason := stream.limits.excess('bytes', most * picture.nbytes, what):
                raise VideoReadError(stream.path, reason)
        kept[number] = picture
        while place < len(needed) and needed[place].max() <= number:
            own = {each: kept[each] for each in needed[place].ravel().tolist()}
            yield KeptFrames(stream.path, own, len(stream), stream.fps, times)
            place += 1
            if place < len(needed):
                for old in [key for key in kept if key < since[place]]:
                    del kept[old]
