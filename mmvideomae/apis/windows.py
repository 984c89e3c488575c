"""Windows of a long video, each sampled as a video of its own."""

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
    """A stretch of a video: seconds, and the frames that it shows."""

    start: float
    end: float
    first: int
    frames: int


def cut_windows(times: np.ndarray, duration: float, length: float, stride: float) -> list[Window]:
    """Cut a video into windows of equal length.

    Windows begin every ``stride`` seconds as long as they fit; one more ends with the
    video if something is left.  A window in which no frame begins shows the one before; there
    are ten of those at most between two frames, for time stamps may leap over a day.

    Args:
        times: When each frame is shown, in seconds from the first, ascending.
        duration: When the last frame disappears.
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
    """Which of ``fitting`` windows to look at, ascending."""
    begun = np.ceil((times - _TOLERANCE) / stride).astype(np.int64)  # behind each frame's begin
    reaching = np.floor((times - length + _TOLERANCE) / stride).astype(np.int64) + 1
    stops = np.minimum(np.append(begun[1:], fitting), fitting)
    idle = np.minimum(begun + _MOST_OF_A_FRAME, stops)
    last = np.maximum(np.append(reaching[1:], fitting), idle)
    for edges in zip(begun.tolist(), idle.tolist(), last.tolist(), stops.tolist(), strict=True):
        yield from range(*edges[:2])
        yield from range(*edges[2:])


class WindowSampler:
    """Sample windows by a test pipeline that is split where it reads frames.

    Args:
        choose: Transforms that choose frames: ``total_frames``, ``start_index``, and
            ``frame_times`` and ``frames_end`` as `OpenVideo` gives them -> ``frame_inds``.
        finish: The others, from `ReadFrames` on.
    """

    def __init__(
        self,
        choose: Callable[[dict[str, Any]], Any],
        finish: Callable[[dict[str, Any]], Any],
    ) -> None:
        self._choose, self._finish = choose, finish

    def in_order(self, stream: FrameStream, windows: Sequence[Window]) -> Iterator[Any]:
        """Packed samples of windows in their order, every frame decoded at most once."""
        times, duration = stream.times, stream.duration
        chosen = [
            self._frames_of(window, stream.path, stream.fps, times, duration) for window in windows
        ]
        readers = read_once(stream, [record['frame_inds'] for record in chosen])
        for record, reader in zip(chosen, readers, strict=True):
            yield self._finish({**record, 'video_reader': reader})

    def of_frames(self, frames: Sequence[np.ndarray], fps: float) -> Any:
        """A packed sample of pictures (H, W, 3) uint8 that make one window."""
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
