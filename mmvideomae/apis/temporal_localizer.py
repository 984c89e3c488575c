"""Find which actions happen in long videos, and when, from frames to segments in one call."""

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from mmengine import Config
from mmengine.dataset import Compose, pseudo_collate
from torch import nn

from mmvideomae.apis.class_names import Names, model_class_names
from mmvideomae.apis.features import FeatureExtractor, FeatureSettings, VideoFeatures
from mmvideomae.apis.inference import OnProgress, Video, as_model
from mmvideomae.apis.predictions import Span
from mmvideomae.configs import compose, dataset_of, steps_of_test
from mmvideomae.errors import UserError
from mmvideomae.formats.feature_files import FeatureFormat

VERSION = 'VERSION 1.3'
"""The version of ActivityNet's result format."""
ACTION = 'action'
"""The class name of a class-agnostic detector."""


class UnfitVideoError(UserError, ValueError):
    """A video can be read, but does not fit the detector."""


@dataclass(frozen=True, eq=False)
class FoundSegments(Sequence[Span]):
    """The segments of a video: a sequence of spans by descending score, which may overlap.

    Attributes:
        video: The file or folder.
        video_id: Its name without suffix.
        duration: Duration in seconds.
        spans: (start, end, label, score), times in seconds.
    """

    video: str
    video_id: str
    duration: float
    spans: tuple[Span, ...]

    def __len__(self) -> int:
        return len(self.spans)

    def __getitem__(self, place: Any) -> Any:
        return self.spans[place]

    def at_least(self, score: float) -> 'FoundSegments':
        """The segments with at least this score."""
        return replace(self, spans=tuple(span for span in self.spans if span.score >= score))

    def to_activitynet(self) -> dict[str, Any]:
        """The `activitynet_results` of this video alone."""
        return activitynet_results([self])


def activitynet_results(found: Iterable[FoundSegments]) -> dict[str, Any]:
    """Plain values in ActivityNet's result format, which ``eval_segments`` reads.

    Raises:
        ValueError: Two videos have the same name.
    """
    results: dict[str, Any] = {}
    for video in found:
        if video.video_id in results:
            raise ValueError(f'two videos have the name {video.video_id!r}: rename one of them')
        results[video.video_id] = [
            {'segment': [span.start, span.end], 'label': span.label, 'score': span.score}
            for span in video
        ]
    return {'version': VERSION, 'results': results, 'external_data': {}}


class TemporalLocalizer:
    """Find segments in videos with a feature model and a detector.

    The features go through the detector's test pipeline, except its ``LoadFeatures``.

    Args:
        feature_model: A config file, a config or a model with a backbone.
        feature_checkpoint: Its weights, with a config.
        detector: A config file, a config, or an ``ActionFormer`` from ``init_model``.
        detector_checkpoint: Its weights, with a config.
        classes: Names of the classes in the order of the labels, or a file of them; the
            default is the names in the detector's config, or `ACTION` for a detector of one
            class.
        preset, settings: Windows of the features, see `FeatureExtractor`.
        device: The default is the GPU if there is one, else the CPU.
        batch_size, precision, filename_tmpl, fps: See `FeatureExtractor`.

    Raises:
        ValueError: The feature model has no backbone or the detector is not a temporal one;
            width, stride, window, interval or offset do not match the detector; or there are
            not as many names as classes.
    """

    def __init__(
        self,
        feature_model: nn.Module | Config | str | os.PathLike[str],
        feature_checkpoint: str | os.PathLike[str] | None,
        detector: nn.Module | Config | str | os.PathLike[str],
        detector_checkpoint: str | os.PathLike[str] | None = None,
        classes: Names | None = None,
        preset: str | None = None,
        settings: FeatureSettings | Mapping[str, Any] | None = None,
        device: str | torch.device | None = None,
        batch_size: int = 8,
        precision: str = 'auto',
        filename_tmpl: str = 'img_{:05}.jpg',
        fps: float = 25.0,
    ) -> None:
        self.detector = _built_detector(detector, detector_checkpoint, device)
        self.classes = _names(self.detector, classes)
        self._pipeline = _pipeline_of(self.detector.cfg)
        self.extractor = FeatureExtractor(
            feature_model,
            feature_checkpoint,
            preset=preset,
            settings=settings,
            device=device,
            batch_size=batch_size,
            precision=precision,
            filename_tmpl=filename_tmpl,
            fps=fps,
        )
        dataset = dataset_of(self.detector.cfg, 'test_dataloader')
        self._format = FeatureFormat(**(dataset.get('features') or {}))
        _check(self.extractor, self.detector, self._format)

    def __call__(self, video: Video, progress: OnProgress | None = None) -> FoundSegments:
        """Find segments in a video file or a folder of frames.

        Raises:
            VideoReadError: The video cannot be read.
            ExtractionError: Features are not finite.
            UnfitVideoError: The video does not have the frame rate that the detector's config
                requires, or has no class scores in ``external_scores``.
        """
        return self.of_features(video, self.extractor(video, progress))

    @torch.inference_mode()
    def of_features(self, video: Video, found: VideoFeatures) -> FoundSegments:
        """Find segments in a video whose features have been computed."""
        features, info = found
        try:
            info.check({'fps': self._format.fps})
        except ValueError as error:
            raise UnfitVideoError(str(error)) from error
        external = getattr(self.detector, 'external', None)
        if external is not None and info.video_id not in external.scores:
            raise UnfitVideoError(f'video {info.video_id} has no external class scores')
        sample = self._pipeline(
            {
                'video_id': info.video_id,
                'features': features,
                'width': info.width,
                'duration': info.duration,
                'fps': info.fps,
                'grid': info.grid,
            }
        )
        (result,) = self.detector.test_step(pseudo_collate([sample]))
        best = result.pred_instances
        order = best.scores.argsort(descending=True, stable=True)
        rows = (best.segments[order], best.labels[order], best.scores[order])
        spans = tuple(
            Span(start, end, self.classes[label], score)
            for (start, end), label, score in zip(*(row.tolist() for row in rows), strict=True)
        )
        return FoundSegments(os.fspath(video), info.video_id, info.duration, spans)


def _built_detector(
    model: nn.Module | Config | str | os.PathLike[str],
    checkpoint: str | os.PathLike[str] | None,
    device: str | torch.device | None,
) -> nn.Module:
    model = as_model(model, checkpoint, device)
    if getattr(model, 'reg_head', None) is None:
        raise ValueError(
            f'{type(model).__name__} is not a temporal detector: give the config of one, such as '
            'ActionFormer'
        )
    if getattr(model, 'cfg', None) is None:
        raise ValueError(f'this {type(model).__name__} has no cfg: build it with init_model')
    return model.eval()


def _pipeline_of(cfg: Config) -> Compose:
    steps = steps_of_test(cfg)
    if not steps or steps[0].get('type') != 'LoadFeatures':
        raise ValueError(
            f'{cfg.filename or "the config"} has no test pipeline that starts with LoadFeatures: '
            'give the config of a temporal detector'
        )
    return compose(steps[1:])


def _names(detector: nn.Module, given: Names | None) -> tuple[str, ...]:
    """Names for the detector's labels, or for its external class scores."""
    count = detector.cls_head.num_classes
    external = getattr(detector, 'external', None)
    if external is not None:
        count = len(next(iter(external.scores.values())))
    elif count == 1 and given is None:
        return (ACTION,)
    return model_class_names(detector.cfg, count, given)


def _check(extractor: FeatureExtractor, detector: nn.Module, told: FeatureFormat) -> None:
    """Check that the features to be extracted match those that the detector expects."""
    made = extractor.expected()
    width = detector.backbone.in_channels
    if made['width'] != width:
        raise ValueError(
            f'{made["model"]} makes features of width {made["width"]}, but the detector takes '
            f'in_channels={width}: use models that belong together'
        )
    for key in ('stride', 'window', 'interval', 'offset', 'width'):
        wanted = getattr(told, key)
        if wanted is not None and wanted != made[key]:
            raise ValueError(
                f"features would be made with {key}={made[key]}, but the detector's config says "
                f'{key}={wanted!r}: choose the preset or settings of its features'
            )
