"""Detections in a video by a model that sees its frames, window by window."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import torch
from mmengine.dataset import pseudo_collate
from mmengine.structures import InstanceData
from torch import nn

from mmvideomae.apis.inference import OnProgress
from mmvideomae.configs import ConfigError, compose, dataset_of, pipeline_of, split_at_reading
from mmvideomae.ops.detections import Detections, Suppression, suppress
from mmvideomae.ops.frame_windows import FrameWindows
from mmvideomae.video.readers import VideoReadError
from mmvideomae.video.streams import FileStream, FolderStream, read_once


class FoundInWindows(NamedTuple):
    """The detections of a video and its duration in seconds."""

    detections: Detections
    duration: float


class WindowLocalizer:
    """Applies an end-to-end detector to the windows that cover a video, as its test does.

    No frame is decoded twice, although windows overlap, and only those of one window are kept.

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
        self._short_side = finish[0].get('short_side')
        self._choose, self._finish = compose(choose), compose(finish)

    @torch.inference_mode()
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
        found = []
        for done, (window, reader) in enumerate(zip(chosen, readers, strict=True), 1):
            sample = self._finish({**window, 'video_reader': reader})
            (result,) = self.model.test_step(pseudo_collate([sample]))
            found.append(detections_of(result.pred_instances))
            if progress:
                progress(done, len(chosen))
        merged = Detections.joined(found)
        if self.merge is not None:
            merged = suppress(merged, self.merge)
        return FoundInWindows(merged, stream.duration)


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
