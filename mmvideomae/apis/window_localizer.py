"""Detections in a video by a model that sees its frames, window by window."""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
import torch
from mmengine.dataset import pseudo_collate
from mmengine.structures import InstanceData
from torch import nn

from mmvideomae.apis.inference import OnProgress
from mmvideomae.apis.live_windows import LiveSteps, as_chosen, windows_of
from mmvideomae.configs import ConfigError, compose, dataset_of, pipeline_of, split_at_reading
from mmvideomae.ops.detections import Detections, Suppression
from mmvideomae.ops.feature_grid import FeatureGrid
from mmvideomae.ops.frame_windows import FrameWindows, moments_of
from mmvideomae.ops.running_suppression import RunningSuppression
from mmvideomae.video.feeds import FrameFeed
from mmvideomae.video.readers import VideoReadError
from mmvideomae.video.streams import FileStream, FolderStream, read_once


class FoundInWindows(NamedTuple):
    """The detections of a video and its duration in seconds."""

    detections: Detections
    duration: float


class WindowLocalizer:
    """Applies an end-to-end detector to the windows that cover a video, as its test does.

    No frame is decoded twice, although windows overlap, and only those of one window are kept.

    Windows are merged as they come, by `RunningSuppression`: a segment is final when no later
    window shows its end.  So a live source gives what a video of the same frames gives.  The test
    merges all windows of a video at once, which differs if what a window finds changes the order
    of segments that reach into it.

    Args:
        model: An `EndToEndLocalizer` with its ``cfg``.

    Raises:
        ConfigError: The config does not say what windows are, how to read them or how to merge
            their detections.
    """

    def __init__(self, model: nn.Module) -> None:
        self.model = model
        settings = dataset_of(model.cfg, 'test_dataloader').get('windows')
        if settings is None:
            raise ConfigError(
                f'{model.cfg.filename or "the config"} has no windows in the data set of its test: '
                'give the config of an end-to-end detector'
            )
        self.windows = FrameWindows(**settings)
        self.merge = _merge_of(model.cfg)
        if self.merge is None and not self.windows.whole:
            raise ConfigError(
                f'{model.cfg.filename or "the config"} does not say how to merge the windows of a '
                'video: set merge in its test_evaluator'
            )
        choose, finish = split_at_reading(pipeline_of(model.cfg, 'an end-to-end detector'))
        self._kinds = [str(step.get('type')) for step in choose]
        self._short_side = finish[0].get('short_side')
        self._choose, self._finish = compose(choose), compose(finish)

    def __call__(
        self, stream: FileStream | FolderStream, video_id: str, progress: OnProgress | None = None
    ) -> FoundInWindows:
        """Detect segments in all windows of an open video, and merge them.

        Raises:
            VideoReadError: The video cannot be read, or is shorter than a window that must not be
                padded.
        """
        if stream.fps <= 0:
            raise VideoReadError(stream.path, 'its frame rate is not known')
        count = self.windows.count(stream.fps, stream.duration)
        if fault := self.windows.find_fault(count):
            raise VideoReadError(stream.path, fault)
        record = {
            'filename': stream.path,
            'video_id': video_id,
            'windows': self.windows,
            'fps': stream.fps,
            'frame_times': stream.times,
            'frames_end': float(stream.times[0]) + stream.duration,
            'start_index': 0,
        }
        starts = self.windows.starts(count)
        chosen = [self._choose({**record, 'first_step': first}) for first in starts]
        readers = read_once(stream, [each['frame_inds'] for each in chosen], self._short_side)

        def windows() -> Iterator[tuple[int, dict[str, Any]]]:
            for done, (first, window, reader) in enumerate(
                zip(starts, chosen, readers, strict=True)
            ):
                yield first, {**window, 'video_reader': reader}
                if progress:
                    progress(done + 1, len(chosen))

        grid = self.windows.grid(stream.fps, stream.duration)
        found = [*self._merged(windows(), grid, lambda: stream.duration)]
        return FoundInWindows(Detections.joined(found), stream.duration)

    def live(self, feed: FrameFeed, seconds: float | None = None) -> Iterator[Detections]:
        """Detections of a live source as they become final, see `TemporalLocalizer.live`.

        Raises:
            ConfigError: Windows are whole videos, or the pipeline changes how they are sampled.
            VideoReadError: The source cannot be read, or ends before a window that must not be
                padded.
        """
        self._require_live()
        steps = LiveSteps(feed, self.windows, self._short_side, seconds)

        def windows(pictures: Iterable[np.ndarray]) -> Iterator[tuple[int, dict[str, Any]]]:
            for first, kept in windows_of(pictures, self.windows):
                if fault := self.windows.find_fault(len(kept)):
                    raise VideoReadError(feed.path, fault)
                yield first, as_chosen(first, kept, steps.grid, feed.path, steps.fps)

        with steps.while_working() as pictures:
            yield from self._merged(windows(pictures), steps.grid, lambda: steps.duration)

    def _require_live(self) -> None:
        where = self.model.cfg.filename or 'the config'
        if self.windows.whole:
            raise ConfigError(
                f"{where} has stride='even' in windows: a window is a whole video, and a live "
                'source has no end; set stride to a number of frames'
            )
        if self._kinds != ['SampleWindow']:
            raise ConfigError(
                f'{where} chooses frames by {", ".join(self._kinds)}: a live source needs '
                'SampleWindow alone between OpenVideo and ReadFrames'
            )

    def _merged(
        self,
        windows: Iterable[tuple[int, dict[str, Any]]],
        grid: FeatureGrid,
        duration: Callable[[], float],
    ) -> Iterator[Detections]:
        """The detections that have become final after each window, and at the end.

        Args:
            windows: The first step of each, and what was chosen for it.
            grid: Times of all steps.
            duration: Of the video, when all windows have come.
        """
        if self.merge is None:
            parts = [self._detect(window) for _, window in windows]
            yield Detections.joined(parts).clipped(0, duration())
            return
        reach = self.windows.frames * grid.stride / grid.fps
        running = RunningSuppression(self.merge, reach)
        for first, window in windows:
            running.add(self._detect(window))
            if len(window['frame_inds']) == self.windows.frames:  # a shorter one is the only one
                yield running.settle(float(moments_of(grid, first + self.windows.hop, 1)[0]))
        yield running.finish(duration())

    @torch.inference_mode()
    def _detect(self, window: dict[str, Any]) -> Detections:
        """The candidates of a window, which may lie beyond the end of the video."""
        sample = self._finish({**window, 'duration': math.inf})
        (result,) = self.model.test_step(pseudo_collate([sample]))
        return detections_of(result.pred_instances)


def detections_of(found: InstanceData) -> Detections:
    """Predicted segments, scores and labels as arrays."""
    parts = (found.segments, found.scores, found.labels)
    return Detections(*(part.cpu().numpy() for part in parts))


def _merge_of(cfg: Mapping[str, Any]) -> Suppression | None:
    """How the metric of a config's test merges windows; None if it does not."""
    metrics = cfg.get('test_evaluator') or ()
    for metric in [metrics] if isinstance(metrics, dict) else metrics:
        if metric.get('merge') is not None:
            return Suppression(**metric['merge'])
    return None
