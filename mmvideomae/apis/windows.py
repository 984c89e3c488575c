"""Windows of a long video, each sampled as if it were a video."""

import math
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple, TypeVar

import numpy as np

from mmvideomae.video.streams import FrameStream, KeptFrames, read_once

Item = TypeVar('Item')
_TOLERANCE = 1e-6  # of a time, in seconds
_MOST_OF_A_FRAME = 10


class Window(NamedTuple):
    """A part of a video: its times in seconds and its frames."""

    start: float
    end: float
    first: int
    frames: int


def cut_windows(times: np.ndarray, duration: float, length: float, stride: float) -> list[Window]:
    """Cut a video into windows of equal length.

    Windows begin every ``stride`` seconds as long as they fit; if something is left, one more
    ends with the video.  A window in which no frame begins shows the frame before it; at most
    ten such windows lie between two frames, because time stamps may jump by a day.

    Args:
        times: Time at which each frame appears, in seconds from the first, ascending.
        duration: Time at which the last frame disappears.
        length, stride: In seconds.

    Raises:
        ValueError: ``length`` or ``stride`` is not positive.
    """
    if length <= 0 or stride <= 0:
        raise ValueError(f'window and stride must be positive seconds, got {length} and {stride}')
    fitting = max(math.floor((duration - length) / stride + _TOLERANCE) + 1, 1)
    starts = [number * stride for number in _numbers(times, fitting, length, stride)]
    if starts[-1] + length < duration - _TOLERANCE:
        starts.append(duration - length)
    windows = []
    for start in starts:
        end = min(start + length, duration)
        first, stop = np.searchsorted(times, (start - _TOLERANCE, end - _TOLERANCE)).tolist()
        if first == stop:
            first = max(first - 1, 0)
        windows.append(Window(start, end, first, max(stop - first, 1)))
    return windows


def _numbers(times: np.ndarray, fitting: int, length: float, stride: float) -> Iterator[int]:
    """The numbers of the windows to use, out of ``fitting`` ones, ascending."""
    begun = np.ceil((times - _TOLERANCE) / stride).astype(np.int64)  # after the start of each frame
    reaching = np.floor((times - length + _TOLERANCE) / stride).astype(np.int64) + 1
    stops = np.minimum(np.append(begun[1:], fitting), fitting)
    idle = np.minimum(begun + _MOST_OF_A_FRAME, stops)
    last = np.maximum(np.append(reaching[1:], fitting), idle)
    for edges in zip(begun.tolist(), idle.tolist(), last.tolist(), stops.tolist(), strict=True):
        yield from range(*edges[:2])
        yield from range(*edges[2:])


class WindowSampler:
    """Sample windows with a test pipeline that is split where it reads frames.

    Args:
        choose: Transforms that choose frames: ``total_frames``, ``start_index``, and
            ``frame_times`` and ``frames_end`` from `OpenVideo` -> ``frame_inds``.
        finish: The remaining transforms, from `ReadFrames` on.
    """

    def __init__(
        self,
        choose: Callable[[dict[str, Any]], Any],
        finish: Callable[[dict[str, Any]], Any],
    ) -> None:
        self._choose, self._finish = choose, finish

    def in_order(self, stream: FrameStream, windows: Sequence[Window]) -> Iterator[Any]:
        """Packed samples of windows in order; no frame is decoded twice."""
        times, duration = stream.times, stream.duration
        chosen = [
            self._frames_of(window, stream.path, stream.fps, times, duration) for window in windows
        ]
        readers = read_once(stream, [record['frame_inds'] for record in chosen])
        for record, reader in zip(chosen, readers, strict=True):
            yield self._finish({**record, 'video_reader': reader})

    def of_frames(self, frames: Sequence[np.ndarray], fps: float) -> Any:
        """A packed sample of the pictures (H, W, 3) uint8 of one window."""
        window = Window(0.0, len(frames) / fps, 0, len(frames))
        times = np.arange(len(frames)) / fps
        record = self._frames_of(window, 'live', fps, times, window.end)
        reader = KeptFrames('live', dict(enumerate(frames)), len(frames), fps)
        return self._finish({**record, 'video_reader': reader})

    def _frames_of(
        self, window: Window, path: str, fps: float, times: np.ndarray, duration: float
    ) -> dict[str, Any]:
        stop = window.first + window.frames
        record = {
            'filename': os.fspath(path),
            'total_frames': window.frames,
            'start_index': window.first,
            'modality': 'RGB',
            'fps': fps,
            'avg_fps': fps,
            'frame_times': times[window.first : stop],
            'frames_end': float(times[stop]) if stop < len(times) else duration,
        }
        return self._choose(record)


def batched(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """Lists of ``size`` items; the last one may be shorter."""
    batch: list[Item] = []
    for item in items:
        batch.append(item)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch
