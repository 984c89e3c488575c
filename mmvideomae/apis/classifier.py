"""Classify videos, as a whole, window by window or live."""

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, overload

import numpy as np
import torch
from mmengine import Config
from torch import nn

from mmvideomae.apis.class_names import Names, model_class_names
from mmvideomae.apis.inference import OnProgress, Video, as_model, model_name
from mmvideomae.apis.predictions import Prediction, Span, Timeline, best_classes
from mmvideomae.apis.windows import WindowSampler, batched, cut_windows
from mmvideomae.configs import collate_of, compose, pipeline_of, single_view, split_at_reading
from mmvideomae.evaluation.arrays import finite
from mmvideomae.video.cameras import LiveSource, Newest
from mmvideomae.video.readers import VideoReadError
from mmvideomae.video.streams import FileStream, FolderStream, open_stream


class VideoClassifier:
    """Classify videos with a recognizer as the test of its config does.

    Frames, views and normalisation are those of the config's ``test_pipeline``, and
    probabilities are averaged over the views (V1 appendix B).  If the head's clips have several
    labels (``multi_class``), each class has a probability of its own.

    Args:
        model: A config file, a config, or a recognizer from ``init_model``.
        checkpoint: Weights, with a config.
        device: The default is the GPU if there is one, else the CPU.
        classes: Names of the classes in the order of the labels, or a file of them; the
            default is the names in the config's data sets.
        batch_size: Videos, or windows of a video, in a forward pass.
        filename_tmpl: Names of the files of frame folders.
        fps: Frames per second of frame folders.

    Raises:
        ValueError: The model is not a recognizer, its config has no test pipeline or no class
            names, or there are not as many names as classes.
    """

    def __init__(
        self,
        model: nn.Module | Config | str | os.PathLike[str],
        checkpoint: str | os.PathLike[str] | None = None,
        device: str | torch.device | None = None,
        classes: Names | None = None,
        batch_size: int = 4,
        filename_tmpl: str = 'img_{:05}.jpg',
        fps: float = 25.0,
    ) -> None:
        if batch_size < 1:
            raise ValueError(f'batch_size must be positive, got {batch_size}')
        model = as_model(model, checkpoint, device)
        head = getattr(model, 'cls_head', None)
        if head is None:
            raise ValueError(f'{type(model).__name__} is not a recognizer: give the config of one')
        self.model, self._averaged = model.eval(), getattr(head, 'average_clips', None)
        self.multi_class = bool(getattr(head, 'multi_class', False))
        self.classes = model_class_names(model.cfg, head.num_classes, classes)
        self.batch_size, self.filename_tmpl, self.fps = batch_size, filename_tmpl, fps
        self._steps = pipeline_of(model.cfg, 'a classification')
        self._pipeline = compose(self._steps)
        self._collate = collate_of(model.cfg)

    @overload
    def __call__(  # type: ignore[overload-overlap]  # a str is a sequence of str as well
        self,
        videos: Video,
        top_k: int = 5,
        progress: OnProgress | None = None,
        failed: None = None,
        threshold: float = 0.0,
    ) -> Prediction: ...

    @overload
    def __call__(
        self,
        videos: Sequence[Video],
        top_k: int = 5,
        progress: OnProgress | None = None,
        failed: Callable[[VideoReadError], None] | None = None,
        threshold: float = 0.0,
    ) -> list[Prediction]: ...

    def __call__(
        self,
        videos: Video | Sequence[Video],
        top_k: int = 5,
        progress: OnProgress | None = None,
        failed: Callable[[VideoReadError], None] | None = None,
        threshold: float = 0.0,
    ) -> Prediction | list[Prediction]:
        """Classify one video or several, files or folders of frames.

        Args:
            threshold: Least probability of a class in `Prediction.top`.
            failed: Called with the reason if one of several videos cannot be read and is left out.

        Returns:
            A `Prediction`, or a list of them if ``videos`` is a list.

        Raises:
            VideoReadError: A video cannot be read, and no ``failed`` was given.
            NotFiniteError: The scores of a video are not numbers.
        """
        if isinstance(videos, (str, os.PathLike)):
            return self([videos], top_k, progress, threshold=threshold)[0]
        found: list[Prediction] = []
        for first in range(0, len(videos), self.batch_size):
            part = [os.fspath(video) for video in videos[first : first + self.batch_size]]
            made = [(video, self._sample(video, failed)) for video in part]
            read = [(video, sample) for video, sample in made if sample is not None]
            if read:
                scores = self._scores([sample for _, sample in read], [video for video, _ in read])
                found += [
                    Prediction(video, best_classes(row, self.classes, top_k, threshold), row)
                    for (video, _), row in zip(read, scores, strict=True)
                ]
            if progress:
                progress(first + len(part), len(videos))
        return found

    def _sample(
        self, video: str, failed: Callable[[VideoReadError], None] | None
    ) -> dict[str, Any] | None:
        """The model's input for a video; None if it cannot be read, after calling ``failed``."""
        try:
            return self._pipeline(self._record(video))
        except VideoReadError as error:
            if failed is None:
                raise
            failed(error)
            return None

    def timeline(
        self,
        video: Video,
        window_seconds: float = 3.0,
        stride_seconds: float | None = None,
        all_views: bool = False,
        progress: OnProgress | None = None,
    ) -> Timeline:
        """Classify a long video window by window.

        The video is decoded once, from start to end, and only frames that a window still
        needs are kept.  A window is sampled as a video of its length would be.

        Args:
            stride_seconds: Seconds from one window to the next; the default is half a window.
            all_views: Use all views of the test pipeline instead of one clip and one crop.

        Returns:
            A sequence of (start, end, label, score), one for each window.  The last window
            ends with the video, and a video shorter than a window is one window.

        Raises:
            VideoReadError: The video cannot be read.
            ValueError: The pipeline lacks `OpenVideo` at its start or `ReadFrames`.
        """
        step = window_seconds / 2 if stride_seconds is None else stride_seconds
        stream = self.open_stream(video)
        with stream:
            windows = cut_windows(stream.times, stream.duration, window_seconds, step)
            sampler = self._window_sampler(all_views)
            rows: list[np.ndarray] = []
            for samples in batched(sampler.in_order(stream, windows), self.batch_size):
                rows += list(self._scores(samples, [stream.path] * len(samples)))
                if progress:
                    progress(len(rows), len(windows))
        starts, ends = (np.array([w[side] for w in windows], np.float64) for side in (0, 1))
        return Timeline(os.fspath(video), starts, ends, np.stack(rows), self.classes)

    def live(
        self,
        source: str | int,
        window_seconds: float = 3.0,
        seconds: float | None = None,
        all_views: bool = False,
    ) -> Iterator[tuple[Span, np.ndarray]]:
        """Classify what a camera shows now, repeatedly, until the source or the caller ends.

        Frames that arrive while the model computes are kept for the next window, and those
        older than a window are dropped, so labels never lag behind.

        Args:
            source: Number of a camera, address of a stream (``rtsp://``, ``http://``), or
                a file, which is played at its own speed.
            seconds: Stop after this time; None continues until the source ends.

        Yields:
            The span, in seconds since the first frame, and its newest frame (H, W, 3).

        Raises:
            VideoReadError: The source cannot be opened or delivers no frame.
        """
        sampler = self._window_sampler(all_views)
        with LiveSource(source, window_seconds) as frames:
            name = str(source)
            while (newest := frames.wait()) is not None:
                if seconds is not None and newest.start > seconds:
                    return
                yield self._span(sampler, newest, name), newest.frames[-1]
                if seconds is not None and newest.end >= seconds:
                    return

    def open_stream(self, video: Video) -> FileStream | FolderStream:
        """Open a video file or a folder of frames for reading in order."""
        return open_stream(video, self.filename_tmpl, self.fps)

    def _span(self, sampler: WindowSampler, newest: Newest, source: str) -> Span:
        scores = self._scores([sampler.of_frames(newest.frames, newest.fps)], [source])[0]
        best = best_classes(scores, self.classes, 1)[0]
        return Span(newest.start, newest.end, best.label, best.score)

    def _scores(self, samples: Sequence[dict[str, Any]], videos: Sequence[str]) -> np.ndarray:
        """Packed samples of videos, B of them -> probabilities (B, K) float32.

        Raises:
            NotFiniteError: They are not numbers.
        """
        with torch.inference_mode():
            outputs = self.model.test_step(self._collate(samples))
        scores = torch.stack([output.pred_score.float().cpu() for output in outputs])
        if self._averaged != 'prob':  # class scores, for each view if the head does not average
            scores = scores.sigmoid() if self.multi_class else scores.softmax(-1)
        scores = scores.mean(1) if scores.ndim == 3 else scores
        for video, row in zip(videos, scores, strict=True):
            finite(row, f'scores of video {video!r}', model_name(self.model))
        return scores.numpy()

    def _record(self, video: str) -> dict[str, Any]:
        """The pipeline's input for a video."""
        record: dict[str, Any] = {'filename': video, 'total_frames': -1, 'modality': 'RGB'}
        if not Path(video).is_dir():
            record['start_index'] = 0
        else:  # the number of its first frame is found on opening
            record |= {'filename_tmpl': self.filename_tmpl, 'fps': self.fps}
        return record

    def _window_sampler(self, all_views: bool) -> WindowSampler:
        steps = self._steps if all_views else single_view(self._steps)
        choose, finish = split_at_reading(steps)
        return WindowSampler(compose(choose), compose(finish))
