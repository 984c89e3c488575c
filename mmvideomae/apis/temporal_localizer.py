"""Find which actions happen in long videos, and when, from frames to segments in one call."""

import os
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from mmengine import Config
from mmengine.dataset import Compose, pseudo_collate
from torch import nn

from mmvideomae.apis.class_names import Names, model_class_names
from mmvideomae.apis.features.extractor import FeatureExtractor, VideoFeatures
from mmvideomae.apis.features.settings import FeatureSettings
from mmvideomae.apis.found_segments import FoundSegments
from mmvideomae.apis.inference import OnProgress, Video, as_model
from mmvideomae.apis.predictions import Span
from mmvideomae.apis.window_localizer import WindowLocalizer, detections_of
from mmvideomae.configs import compose, dataset_of, steps_of_test
from mmvideomae.errors import UserError
from mmvideomae.formats.feature_files import FeatureFormat
from mmvideomae.formats.video_folders import video_id_of
from mmvideomae.ops.detections import Detections
from mmvideomae.video.feeds import FrameFeed, open_feed
from mmvideomae.video.streams import FileStream, FolderStream, open_stream

ACTION = 'action'
"""The class name of a class-agnostic detector."""


class UnfitVideoError(UserError, ValueError):
    """A video can be read, but does not fit the detector."""


class TemporalLocalizer:
    """Find segments in videos with a feature model and a detector, or with an end-to-end model.

    Features go through the detector's test pipeline, except its ``LoadFeatures``.  An end-to-end
    model, an `EndToEndLocalizer`, sees the windows of its test, one by one, see `WindowLocalizer`.

    Args:
        feature_model: A config file, a config or a model with a backbone; without a detector, an
            end-to-end model or its config.
        feature_checkpoint: Its weights, with a config.
        detector: A config file, a config, or an ``ActionFormer`` from ``init_model``.
        detector_checkpoint: Its weights, with a config.
        classes: Names of the classes in the order of the labels, or a file of them; the
            default is the names in the detector's config, or `ACTION` for a detector of one
            class.
        preset, settings: Windows of the features, see `FeatureExtractor`.
        device: The default is the GPU if there is one, else the CPU.
        batch_size, precision: Of the features, see `FeatureExtractor`.
        filename_tmpl, fps: Of folders of frames, see `FeatureExtractor`.

    Raises:
        ValueError: The feature model has no backbone or the detector is not a temporal one;
            width, stride, window, interval or offset do not match the detector; there are
            not as many names as classes; or settings of features are given for an end-to-end
            model.
    """

    def __init__(
        self,
        feature_model: nn.Module | Config | str | os.PathLike[str],
        feature_checkpoint: str | os.PathLike[str] | None = None,
        detector: nn.Module | Config | str | os.PathLike[str] | None = None,
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
        self.filename_tmpl, self.fps = filename_tmpl, fps
        self._windows: WindowLocalizer | None = None
        if detector is None:
            if preset is not None or settings is not None or precision != 'auto':
                raise ValueError(
                    'an end-to-end model has no features: omit preset, settings and precision'
                )
            self.detector = _built_detector(feature_model, feature_checkpoint, device, True)
            self._windows = WindowLocalizer(self.detector)
        else:
            self.detector = _built_detector(detector, detector_checkpoint, device, False)
        self._heads = getattr(self.detector, 'detector', self.detector)
        self.classes = _names(self._heads, self.detector.cfg, classes)
        if self._windows is not None:
            return
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
                requires, or has no class scores in ``external_scores``, or is a feature file.
        """
        _require_frames(video)
        if self._windows is None:
            return self.of_features(video, self.extractor(video, progress))
        video_id = video_id_of(os.path.abspath(video))
        self._require_scores(video_id)
        stream = self.open_stream(video)
        with stream:
            found, duration = self._windows(stream, video_id, progress)
        return self._named(video, video_id, duration, found)

    def live(
        self,
        source: str | os.PathLike[str] | int | FrameFeed,
        seconds: float | None = None,
        paced: bool = True,
    ) -> Iterator[list[Span]]:
        """Find segments in a camera, stream or file while it runs, with an end-to-end model.

        Segments are given out when they are final, because no later window shows their end: at
        most the length of a window after that, and the time that the model takes.  All together
        are those that the call of a video of the same frames finds.

        Args:
            source: Number of a camera, address of a stream (``rtsp://``, ``http://``), a file, a
                folder of frames, or a `FrameFeed`.
            seconds: Stop after this time; None continues until the source ends.
            paced: Play files at their own speed, not as fast as the model can.

        Yields:
            The segments that have become final, by their start, in seconds since the first frame;
            possibly none.

        Raises:
            ConfigError: The model's config needs whole videos.
            UnfitVideoError: The model works on features, or needs class scores of whole videos.
            VideoReadError: The source cannot be opened or delivers no frame, or the model is too
                slow for a camera.
        """
        if self._windows is None:
            raise UnfitVideoError(
                'a live source needs an end-to-end model: this detector works on features of files'
            )
        if getattr(self._heads, 'external', None) is not None:
            raise UnfitVideoError(
                'a live source has no class scores: remove external_scores from the config'
            )
        if isinstance(source, str | os.PathLike):
            _require_frames(source)
        opened: AbstractContextManager[FrameFeed] = (
            open_feed(source, self.filename_tmpl, self.fps, paced)
            if isinstance(source, str | int | os.PathLike)
            else nullcontext(source)
        )
        with opened as feed:
            for found in self._windows.live(feed, seconds):
                yield sorted(self._spans(found))

    @torch.inference_mode()
    def of_features(self, video: Video, found: VideoFeatures) -> FoundSegments:
        """Find segments in a video whose features have been computed."""
        features, info = found
        try:
            info.check({'fps': self._format.fps})
        except ValueError as error:
            raise UnfitVideoError(str(error)) from error
        self._require_scores(info.video_id)
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
        best = detections_of(result.pred_instances)
        return self._named(video, info.video_id, info.duration, best)

    def open_stream(self, video: Video) -> FileStream | FolderStream:
        """A context manager for the frames of a video or folder."""
        return open_stream(video, self.filename_tmpl, self.fps)

    def _require_scores(self, video_id: str) -> None:
        external = getattr(self._heads, 'external', None)
        if external is not None and video_id not in external.scores:
            raise UnfitVideoError(f'video {video_id} has no external class scores')

    def _named(
        self, video: Video, video_id: str, duration: float, found: Detections
    ) -> FoundSegments:
        """The detections by descending score, with the names of their classes."""
        spans = tuple(self._spans(found.best(len(found.scores))))
        return FoundSegments(os.fspath(video), video_id, duration, spans)

    def _spans(self, found: Detections) -> Iterator[Span]:
        for (start, end), score, label in zip(*(row.tolist() for row in found), strict=True):
            yield Span(start, end, self.classes[label], score)


def _require_frames(video: Video) -> None:
    if os.fspath(video).endswith('.npy'):
        raise UnfitVideoError(f'{os.fspath(video)} holds features: give the video itself')


def _built_detector(
    model: nn.Module | Config | str | os.PathLike[str],
    checkpoint: str | os.PathLike[str] | None,
    device: str | torch.device | None,
    end_to_end: bool,
) -> nn.Module:
    model = as_model(model, checkpoint, device)
    name = type(model).__name__
    heads = getattr(model, 'detector', model)
    if getattr(heads, 'reg_head', None) is None:
        raise ValueError(
            f'{name} is not a temporal detector: give the config of one, such as ActionFormer'
        )
    if end_to_end and heads is model:
        raise ValueError(
            f'{name} works on features: give the model that makes them, and its weights, before it'
        )
    if not end_to_end and heads is not model:
        raise ValueError(f'{name} sees frames, not features: give it alone, without another model')
    if getattr(model, 'cfg', None) is None:
        raise ValueError(f'this {name} has no cfg: build it with init_model')
    return model.eval()


def _pipeline_of(cfg: Config) -> Compose:
    steps = steps_of_test(cfg)
    if not steps or steps[0].get('type') != 'LoadFeatures':
        raise ValueError(
            f'{cfg.filename or "the config"} has no test pipeline that starts with LoadFeatures: '
            'give the config of a temporal detector'
        )
    return compose(steps[1:])


def _names(heads: nn.Module, cfg: Config, given: Names | None) -> tuple[str, ...]:
    """Names for the detector's labels, or for its external class scores."""
    count = heads.cls_head.num_classes
    external = getattr(heads, 'external', None)
    if external is not None:
        count = len(next(iter(external.scores.values())))
    elif count == 1 and given is None:
        return (ACTION,)
    return model_class_names(cfg, count, given)


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
