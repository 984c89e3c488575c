"""Windows of the frames of a live source, as a video of these frames would have them."""

from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from queue import Empty
from typing import Any

import numpy as np

from mmvideomae.apis.features.read_ahead import Entry, Item, ReadAhead
from mmvideomae.ops.feature_grid import FeatureGrid
from mmvideomae.ops.frame_windows import FrameWindows, moments_of
from mmvideomae.ops.seconds import is_shown_early
from mmvideomae.video.cameras import SILENCE
from mmvideomae.video.feeds import FrameFeed
from mmvideomae.video.readers import ReadLimits, VideoReadError
from mmvideomae.video.readers.sizes import resize_short_side
from mmvideomae.video.streams import KeptFrames


@dataclass
class LiveSteps:
    """The frame of each step of a source, as soon as the next frame has come.

    Args:
        feed: The source.
        windows: What the steps are.
        short_side: Resize frames so that their short side has this length.
        seconds: End after this time.

    Attributes:
        duration: Of the source, once all steps have come.

    Raises:
        VideoReadError: The source does not say its frame rate, or a window of its frames exceeds
            the limit.
    """

    feed: FrameFeed
    windows: FrameWindows
    short_side: int | None = None
    seconds: float | None = None
    duration: float = 0.0

    def __post_init__(self) -> None:
        self.fps = self.feed.fps or self.windows.fps or 0.0
        if self.fps <= 0:
            raise VideoReadError(
                self.feed.path, 'its frame rate is not known: set fps in windows of the config'
            )

    @property
    def grid(self) -> FeatureGrid:
        """The times of the steps."""
        return self.windows.grid(self.fps, 0.0)

    def __iter__(self) -> Iterator[np.ndarray]:
        """The picture (H, W, 3) of each step; one that is shown for several steps repeats."""
        step, ended = 0, False
        shown: _Shown | None = None
        for number, (now, picture) in enumerate(self.feed):
            if ended := self.seconds is not None and now >= self.seconds and shown is not None:
                self.duration = now
                break
            following = _Shown(now, picture, self.short_side)
            if shown is None:
                self._check(following.small())
            while shown is not None and (moment := self._moment(step)) < now:
                early = is_shown_early(shown.time, now, number, moment, self.feed.usual)
                yield (following if early else shown).small()
                step += 1
            shown = following
        if shown is None:
            raise VideoReadError(self.feed.path, 'no frame comes from it')
        if not ended:
            self.duration = self.feed.duration
        for _ in range(step, self.windows.count(self.fps, self.duration)):
            yield shown.small()

    def while_working(self) -> AbstractContextManager[Iterable[np.ndarray]]:
        """The pictures, read in a thread if that is useful."""
        most = self.windows.frames
        if not self.feed.ahead:
            return nullcontext(self)
        return ReadAhead(self, most) if self.feed.waits else LiveQueue(self, self.feed.path, most)

    def _moment(self, step: int) -> float:
        return float(moments_of(self.grid, step, 1)[0])

    def _check(self, picture: np.ndarray) -> None:
        frames, (height, width) = self.windows.frames, picture.shape[:2]
        what = f'a window of {frames} frames of {width}x{height} takes'
        if reason := ReadLimits().excess('bytes', frames * picture.nbytes, what):
            raise VideoReadError(self.feed.path, reason)


class _Shown:
    """A frame, resized when it is needed."""

    def __init__(self, time: float, picture: np.ndarray, short_side: int | None) -> None:
        self.time, self._picture, self._short_side = time, picture, short_side

    def small(self) -> np.ndarray:
        """The picture at its final size."""
        if self._short_side is not None:
            self._picture = resize_short_side(self._picture, self._short_side)
            self._short_side = None
        return self._picture


class LiveQueue(ReadAhead[Item]):
    """Items of a source that does not wait for its reader.

    Args:
        items: The source.
        path: Its name, for errors.
        most: Number of items that may wait.  More are an error, since they would become ever more.

    Raises:
        VideoReadError: On reading, if nothing comes for `SILENCE` seconds, or too much.
    """

    _patience = 5.0  # a read of a camera may hang

    def __init__(self, items: Iterable[Item], path: str, most: int) -> None:
        super().__init__(items, most)
        self._path, self._most = path, most

    def _next(self) -> Entry[Item]:
        try:
            return self._queue.get(timeout=SILENCE)
        except Empty:
            raise VideoReadError(self._path, f'no frame for {SILENCE:g} seconds') from None

    def _full(self, entry: Entry[Item]) -> None:
        if entry[0] is not None:
            raise VideoReadError(
                self._path,
                f'{self._most} of its frames wait for the detector, which is too slow for it: make '
                'stride in windows larger, or use a faster device',
            )


def windows_of(
    pictures: Iterable[np.ndarray], windows: FrameWindows
) -> Iterator[tuple[int, list[np.ndarray]]]:
    """First step and pictures of each window, in the order of `FrameWindows.starts`.

    A window is given as soon as its last picture has come.
    """
    kept: deque[np.ndarray] = deque(maxlen=windows.frames)
    count = following = 0
    given = -1
    for picture in pictures:
        kept.append(picture)
        count += 1
        if count == following + windows.frames:
            yield following, list(kept)
            given, following = following, following + windows.hop
    last = max(count - windows.frames, 0)
    if last > given:
        yield last, list(kept)


def as_chosen(
    first: int, pictures: list[np.ndarray], grid: FeatureGrid, name: str, fps: float
) -> dict[str, Any]:
    """A window as `SampleWindow` describes it, with its pictures to read."""
    count = len(pictures)
    times = moments_of(grid, first, count)
    return {
        'filename': name,
        'video_id': name,
        'fps': fps,
        'grid': grid.cropped(first),
        'num_clips': 1,
        'frame_inds': np.arange(count),
        'video_reader': KeptFrames(name, dict(enumerate(pictures)), count, fps, times),
    }
