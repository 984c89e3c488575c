"""Extract features of long videos: one vector for each of many overlapping windows."""

import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from hashlib import sha256
from itertools import groupby, tee
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from mmengine import Config
from mmengine.logging import print_log
from torch import Tensor, nn

from mmvideomae.apis.features.encoder import WindowEncoder, digest_of_weights
from mmvideomae.apis.features.read_ahead import ReadAhead
from mmvideomae.apis.features.resolved import resolve_settings
from mmvideomae.apis.features.settings import FeatureSettings
from mmvideomae.apis.features.window_plan import WindowPlan, preparation
from mmvideomae.apis.inference import OnProgress, Video, as_model, without_head
from mmvideomae.errors import UserError
from mmvideomae.formats.feature_info import FeatureInfo
from mmvideomae.formats.feature_writer import FeatureWriter
from mmvideomae.formats.video_folders import video_id_of
from mmvideomae.ops.seconds import resample_frames
from mmvideomae.video.readers import VideoReadError
from mmvideomae.video.streams import FileStream, FolderStream, open_stream

_UNEVEN = 0.5  # seconds by which frame times may differ from an even rate without a warning


class ExtractionError(UserError, RuntimeError):
    """The features of a video are not usable; the message names the video."""


class VideoFeatures(NamedTuple):
    """Features of a video and a description of how they were made."""

    features: np.ndarray
    """(L, D) float32."""
    info: FeatureInfo


class FeatureExtractor:
    """Compute a feature for every window of a video with the backbone of a model.

    Every frame is decoded, resized and moved to the device once, in order, while the model
    computes.  With ``out_type='avg'``, features are the normalised mean of the tokens, as in
    VideoMAE V2; see `WindowEncoder` for other outputs.  Memory use depends on the windows of a
    batch, not on the length of the video.

    Args:
        model: A config file, a config, or a model from ``init_model``.
        checkpoint: Weights, with a config.
        preset: One of ``settings.PRESET_NAMES``; None: the config's ``features``, or its test
            pipeline if it has none.
        settings: Complete `FeatureSettings`, without a preset, or a mapping of the settings
            that differ from the preset.
        device: The default is the GPU if there is one, else the CPU.
        batch_size: Windows in a forward pass.
        precision: See `WindowEncoder`.
        filename_tmpl: Names of the files of frame folders.
        fps: Frames per second of frame folders.

    Raises:
        ValueError: A setting is unknown or out of range, or the model has no backbone that
            accepts such windows.
    """

    def __init__(
        self,
        model: nn.Module | Config | str | os.PathLike[str],
        checkpoint: str | os.PathLike[str] | None = None,
        preset: str | None = None,
        settings: FeatureSettings | Mapping[str, Any] | None = None,
        device: str | torch.device | None = None,
        batch_size: int = 8,
        precision: str = 'auto',
        filename_tmpl: str = 'img_{:05}.jpg',
        fps: float = 25.0,
    ) -> None:
        if batch_size < 1 or fps <= 0:
            raise ValueError(f'batch_size and fps must be positive, got {batch_size} and {fps}')
        model = as_model(without_head(model), checkpoint, device)
        backbone = getattr(model, 'backbone', None)
        if not isinstance(backbone, nn.Module):
            raise ValueError(f'{type(model).__name__} has no backbone to compute features with')
        if not isinstance(settings, FeatureSettings):
            settings = resolve_settings(model, preset, settings)
        elif preset is not None:
            raise ValueError(f'give either complete settings or the preset {preset!r}, not both')
        self.settings, self.batch_size = settings, batch_size
        self.filename_tmpl, self.fps = filename_tmpl, fps
        self.encoder = WindowEncoder(backbone.eval(), settings, precision, _tokenizer_of(model))
        self.model_name = _name_of(model)
        self.checkpoint_sha256 = _digest(backbone, checkpoint)
        self._prepare = preparation(settings)

    def __call__(
        self, video: Video, progress: OnProgress | None = None, video_id: str | None = None
    ) -> VideoFeatures:
        """Features of a video file or a folder of frames.

        Args:
            video_id: The id of the video; None: its name, see `video_id_of`.

        Raises:
            VideoReadError: The video cannot be read.
            ExtractionError: Features are not finite.
        """
        with self._open(video, video_id) as (stream, info):
            plan = self.plan(info.frames)
            features = np.empty((plan.steps, self.encoder.width), np.float32)
            done = 0
            for block in self._blocks(stream, plan, progress):
                features[done : done + len(block)] = block
                done += len(block)
        return VideoFeatures(features, info)

    def save(
        self,
        video: Video,
        npy_path: str | os.PathLike[str],
        progress: OnProgress | None = None,
        video_id: str | None = None,
    ) -> FeatureInfo:
        """Write features as they are computed; the files appear when the video is finished.

        Args:
            video_id: As calling the extractor.

        Raises:
            VideoReadError, ExtractionError: As calling the extractor.
            OSError: A file cannot be written.
        """
        with self._open(video, video_id) as (stream, info):
            plan = self.plan(info.frames)
            with FeatureWriter(npy_path, plan.steps, self.encoder.width, info) as file:
                for block in self._blocks(stream, plan, progress):
                    file.append(block)
        return info

    def expected(self) -> dict[str, Any]:
        """The entries of `FeatureInfo` that are the same for every video."""
        own = self.settings
        return {
            'window': own.window,
            'stride': own.stride,
            'interval': own.interval,
            'offset': own.offset,
            'width': self.encoder.width,
            'model': self.model_name,
            'checkpoint_sha256': self.checkpoint_sha256,
            'preprocessing': own.preprocessing,
            'precision': self.encoder.precision,
            **({} if own.grid_fps is None else {'fps': own.grid_fps}),
        }

    def plan(self, frames: int) -> WindowPlan:
        """The windows of a video with this number of frames."""
        return WindowPlan(self.settings, frames, self.batch_size)

    def open_stream(self, video: Video) -> FileStream | FolderStream:
        """A context manager for the frames of a video or folder."""
        return open_stream(video, self.filename_tmpl, self.fps)

    @contextmanager
    def _open(
        self, video: Video, video_id: str | None
    ) -> Iterator[tuple[FileStream | FolderStream, FeatureInfo]]:
        stream = self.open_stream(video)
        with stream:
            yield stream, self._describe(stream, video_id)

    def _describe(self, stream: FileStream | FolderStream, video_id: str | None) -> FeatureInfo:
        frames, fps, times = len(stream), stream.fps, stream.times
        if fps <= 0:
            raise VideoReadError(stream.path, 'its frame rate is not known')
        if self.settings.grid_fps is not None:
            frames = len(resample_frames(times, stream.duration, self.settings.grid_fps))
        if self.settings.offset >= frames:
            raise VideoReadError(
                stream.path,
                f'it has {frames} frames, but the first window begins at {self.settings.offset}',
            )
        if self.settings.grid_fps is None:
            _tell_of_uneven_times(stream.path, times, fps)
        return FeatureInfo(
            frames=frames,
            duration=stream.duration,
            reader='frames' if isinstance(stream, FolderStream) else 'pyav',
            video_id=video_id or video_id_of(os.path.abspath(stream.path)),
            video_fps=None if self.settings.grid_fps is None else fps,
            **{'fps': fps, **self.expected()},
        )

    def _pictures(
        self, stream: FileStream | FolderStream, plan: WindowPlan
    ) -> Iterator[tuple[int, np.ndarray]]:
        """Numbers, at the settings' rate, and pictures of the frames that windows need."""
        if self.settings.grid_fps is None:
            yield from stream.in_order(plan.wanted())
            return
        shown = resample_frames(stream.times, stream.duration, self.settings.grid_fps)
        ahead, numbers = tee(plan.wanted())
        pictures = stream.in_order(frame for frame, _ in groupby(int(shown[n]) for n in ahead))
        for frame, group in groupby(numbers, key=lambda number: int(shown[number])):
            picture = next(picture for found, picture in pictures if found == frame)
            yield from ((number, picture) for number in group)

    def _blocks(
        self, stream: FileStream | FolderStream, plan: WindowPlan, progress: OnProgress | None
    ) -> Iterator[np.ndarray]:
        """Features of successive batches of windows, (B, D) each."""
        prepared = (
            (number, self._prepare(picture)) for number, picture in self._pictures(stream, plan)
        )
        ring: Tensor | None = None
        done = 0
        with ReadAhead(plan.batches(prepared)) as batches:
            for batch in batches:
                if ring is None:
                    ring = self.encoder.empty_ring(plan.capacity, batch.frames)
                block = self.encoder.encode_batch(ring, batch)
                if not np.isfinite(block).all():
                    raise ExtractionError(
                        f'features of video {stream.path!r} are not finite in '
                        f'{self.encoder.precision}'
                    )
                yield block
                done += len(block)
                if progress:
                    progress(done, plan.steps)


def _tokenizer_of(model: nn.Module) -> Any:
    """The tokenizer of a model that takes codes, else None.

    Raises:
        ValueError: The model takes codes and has no tokenizer.
    """
    if not hasattr(model.backbone, 'vocabulary'):
        return None
    tokenizer = getattr(getattr(model, 'data_preprocessor', None), 'tokenizer', None)
    if tokenizer is None:
        raise ValueError(
            f'{type(model.backbone).__name__} takes codes, but features are extracted from videos: '
            'set model.data_preprocessor.tokenizer'
        )
    return tokenizer


def _tell_of_uneven_times(path: str, times: np.ndarray, fps: float) -> None:
    """Warn if times computed from frame numbers differ much from the video's own times."""
    off = float(np.abs(times - np.arange(len(times)) / fps).max())
    if off > _UNEVEN:
        print_log(
            f'{path}: its frame rate is uneven; times computed from {fps:g} frames per second '
            f'are up to {off:.1f} s off',
            logger='current',
            level=logging.WARNING,
        )


def _name_of(model: nn.Module) -> str:
    """The name of a model's config file, or of its class if it has no file."""
    filename = getattr(getattr(model, 'cfg', None), 'filename', None)
    return Path(filename).stem if filename else type(model).__name__


def _digest(backbone: nn.Module, checkpoint: str | os.PathLike[str] | None) -> str:
    """SHA-256 of the checkpoint file, or of the backbone's weights if there is no file."""
    if checkpoint is None or not os.path.isfile(checkpoint):
        return digest_of_weights(backbone)
    digest = sha256()
    with open(checkpoint, 'rb') as file:
        while piece := file.read(1 << 22):
            digest.update(piece)
    return digest.hexdigest()
