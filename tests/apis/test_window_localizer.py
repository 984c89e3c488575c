"""Contract: a live source gives the segments of a video of its frames, soon and in flat memory."""

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from torch import nn

from mmvideomae.apis import TemporalLocalizer
from mmvideomae.apis.live_windows import LiveQueue, windows_of
from mmvideomae.apis.predictions import Span
from mmvideomae.apis.temporal_localizer import UnfitVideoError
from mmvideomae.configs import ConfigError
from mmvideomae.ops.frame_windows import FrameWindows
from mmvideomae.video.readers import VideoReadError
from mmvideomae.video.streams import open_stream
from tests.support.localizers import end_to_end_leaf, end_to_end_model
from tests.support.videos import moving_shapes, write_video

FPS = 10
LABELS = ('run', 'eat [big] cake', 'sleep')
WINDOW = 6.4
"""Seconds: 32 frames, every second of 10 per second."""


@pytest.fixture(scope='module')
def model() -> nn.Module:
    return end_to_end_model(end_to_end_leaf())


@pytest.fixture(scope='module')
def localizer(model: nn.Module) -> TemporalLocalizer:
    return TemporalLocalizer(model)


class Camera:
    """The frames of a video, without any knowledge of its end."""

    def __init__(
        self, video: Path, ahead: bool = False, waits: bool = True, fps: float = FPS
    ) -> None:
        with open_stream(video) as stream:
            self._pictures = [picture for _, picture in stream.in_order(range(len(stream)))]
            self._times = stream.times.tolist()
        self.path, self.fps, self.usual = 'camera', fps, 1 / FPS
        self.ahead, self.waits, self.now = ahead, waits, 0.0

    def __iter__(self) -> Iterator[tuple[float, np.ndarray]]:
        for now, picture in zip(self._times, self._pictures, strict=True):
            self.now = now
            yield now, picture

    def cut(self, frames: int) -> None:
        """Keep the first frames."""
        del self._times[frames:], self._pictures[frames:]

    @property
    def duration(self) -> float:
        return self.now + 1 / FPS


def video_of(folder: Path, frames: int, **options: Any) -> Path:
    """A video, 48x64, of noise that changes slowly."""
    shapes = moving_shapes(frames, 48, 64).astype(int)
    shapes[frames // 3 : frames // 2] //= 3
    shapes[frames // 2 :: 7] += 60
    clip = shapes.clip(0, 255).astype(np.uint8)
    return write_video(folder / f'{frames}.mp4', clip, **{'fps': FPS, **options})


def assert_same(found: list[Span], expected: list[Span]) -> None:
    """Each has its equal among the others."""
    assert len(found) == len(expected) > 20
    one, other = (
        np.array([[*span[:2], span.score, 10 * LABELS.index(span.label)] for span in spans])
        for spans in (found, expected)
    )
    apart = np.abs(one[:, None] - other[None]).max(-1)
    assert apart.min(0).max() <= 1e-5 and apart.min(1).max() <= 1e-5


# Windows follow every 32 frames: a padded one, one, two, and three of which the last comes early.
@pytest.mark.parametrize('frames', [40, 64, 96, 141])
@pytest.mark.parametrize('ahead', [False, True])
def test_a_live_source_equals_its_video(
    localizer: TemporalLocalizer, tmp_path: Path, frames: int, ahead: bool
) -> None:
    video = video_of(tmp_path, frames)
    expected = list(localizer(video))
    live = [span for part in localizer.live(Camera(video, ahead)) for span in part]
    assert_same(live, expected)
    assert max(span.end for span in live) <= frames / FPS + 1e-5


@pytest.mark.parametrize('windows', [
    {'stride': 3, 'overlap': 0.75},
    {'stride': 0.5, 'overlap': 0.0},
    {'stride': None, 'seconds': 5.0},
    {'stride': 4, 'fps': 25, 'overlap': 0.3},
])  # fmt: skip
def test_whatever_windows_are(tmp_path: Path, windows: dict[str, Any]) -> None:
    merge = {'method': 'gaussian', 'sigma': 0.7, 'voting_thresh': 0.7, 'max_segments': 2000}
    localizer = TemporalLocalizer(end_to_end_model(end_to_end_leaf(windows, merge)))
    video = video_of(tmp_path, 117)
    live = [span for part in localizer.live(Camera(video)) for span in part]
    assert_same(live, list(localizer(video)))


def test_frames_at_uneven_times(localizer: TemporalLocalizer, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    seconds = np.cumsum(rng.choice([1, 1, 1, 3], 120)) / FPS
    video = video_of(tmp_path, 120, seconds=(seconds - seconds[0]).tolist())
    expected = list(localizer(video))
    # A file says its rate and the time between most of its frames.
    live = [span for part in localizer.live(video, paced=False) for span in part]
    assert_same(live, expected)


def test_segments_come_soon_and_once(localizer: TemporalLocalizer, tmp_path: Path) -> None:
    camera = Camera(video_of(tmp_path, 330))
    parts = localizer.live(camera)
    seen, counts = [], []
    for part in parts:
        assert part == sorted(part)
        counts.append(len(part))
        seen += part
        if camera.now < 32.9:  # all but the end
            assert all(span.end <= camera.now for span in part)
            assert all(camera.now - span.end <= WINDOW + 1 for span in part)
    assert sum(count > 0 for count in counts) >= 8 and len(set(seen)) == len(seen)


def test_it_ends_after_a_time(localizer: TemporalLocalizer, tmp_path: Path) -> None:
    video = video_of(tmp_path, 300)
    long, short = Camera(video), Camera(video)
    live = [span for part in localizer.live(long, seconds=12.0) for span in part]
    assert long.now == 12.0 and max(span.end for span in live) <= 12.0
    short.cut(120)
    assert_same(live, [span for part in localizer.live(short) for span in part])


@pytest.mark.slow
def test_memory_stays_flat_for_an_hour(localizer: TemporalLocalizer) -> None:
    """Faster than real time: 36,000 frames, about 1100 windows."""
    hour = Hour()
    found = sum(len(part) for part in localizer.live(hour))
    print(f'{found} segments; MiB after every 10 minutes: {[round(each, 1) for each in hour.held]}')
    assert found > 10_000
    assert hour.held[-1] - hour.held[0] < 8


class Hour:
    """An hour of frames 48x64, made when they are asked for.

    Attributes:
        held: MiB that the process had in memory after each 10 minutes.
    """

    path, fps, usual, ahead, waits, duration = 'hour', float(FPS), 1 / FPS, False, True, 3600.0

    def __iter__(self) -> Iterator[tuple[float, np.ndarray]]:
        self.held: list[float] = []
        shapes = moving_shapes(250, 48, 64)
        for number in range(3600 * FPS):
            yield number / FPS, shapes[number % 250] // (1 + (number // 70) % 3)
            if (number + 1) % (600 * FPS) == 0:
                pages = int(Path('/proc/self/statm').read_text().split()[1])
                self.held.append(pages * os.sysconf('SC_PAGE_SIZE') / 2**20)


@pytest.mark.parametrize('count', range(1, 30))
@pytest.mark.parametrize('overlap', [0.0, 0.5, 0.7])
def test_windows_are_those_of_a_video(count: int, overlap: float) -> None:
    windows = FrameWindows(7, stride=1, overlap=overlap)
    found = list(windows_of((np.array(step) for step in range(count)), windows))
    assert [first for first, _ in found] == windows.starts(count)
    for first, pictures in found:
        assert [int(picture) for picture in pictures] == list(range(count))[first : first + 7]


def test_a_camera_does_not_wait_for_a_slow_detector(monkeypatch: pytest.MonkeyPatch) -> None:
    with LiveQueue(iter(range(100)), 'x', 4) as items:
        waiting = iter(items)
        assert next(waiting) == 0
        time.sleep(0.3)  # a slow detector
        with pytest.raises(VideoReadError, match='4 of its frames wait for the detector'):
            list(waiting)
    monkeypatch.setattr('mmvideomae.apis.live_windows.SILENCE', 0.05)

    def silent() -> Iterator[int]:
        time.sleep(0.3)
        yield 1

    with (
        LiveQueue(silent(), 'x', 4) as items,
        pytest.raises(VideoReadError, match=r'no frame for 0\.05 seconds'),
    ):
        list(items)


def test_a_window_of_a_short_source_is_padded_or_refused(tmp_path: Path) -> None:
    localizer = TemporalLocalizer(end_to_end_model(end_to_end_leaf({'pad': False})))
    with pytest.raises(VideoReadError, match='20 frames at these times, but a window has 32'):
        list(localizer.live(Camera(video_of(tmp_path, 40))))


def test_models_that_need_whole_videos_are_refused(tmp_path: Path, model: nn.Module) -> None:
    video = video_of(tmp_path, 40)
    whole = end_to_end_model(end_to_end_leaf({'stride': 'even'}))
    with pytest.raises(ConfigError, match='a window is a whole video'):
        list(TemporalLocalizer(whole).live(video))
    leaf = end_to_end_leaf()
    leaf.test_dataloader.dataset.pipeline.insert(2, {'type': 'RandomFlip', 'prob': 0.5})
    with pytest.raises(ConfigError, match='by SampleWindow, RandomFlip: a live source needs'):
        list(TemporalLocalizer(end_to_end_model(leaf)).live(video))
    localizer = TemporalLocalizer(model)
    localizer._heads.external = object()
    with pytest.raises(UnfitVideoError, match='has no class scores'):
        list(localizer.live(video))
    localizer._heads.external = None
    with pytest.raises(VideoReadError, match='its frame rate is not known: set fps'):
        list(localizer.live(Camera(video, fps=0)))
