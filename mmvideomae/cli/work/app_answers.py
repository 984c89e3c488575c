"""What the buttons of ``mmvideomae app`` do, without the page around them."""

import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from uuid import uuid4

import numpy as np
import torch

from mmvideomae.apis import (
    ActionDetector,
    FeatureExtractor,
    Reconstructor,
    TemporalLocalizer,
    VideoClassifier,
)
from mmvideomae.apis.features.jobs import extract_all
from mmvideomae.apis.inference import OnProgress
from mmvideomae.cli.work.detect import drawn_people
from mmvideomae.errors import UserError, printable
from mmvideomae.jobs.video_jobs import Job, file_of, jobs_of
from mmvideomae.ops.neighbours import nearest_neighbours
from mmvideomae.video.streams import open_stream
from mmvideomae.visualization.browser_video import browser_video
from mmvideomae.visualization.class_colours import class_colours
from mmvideomae.visualization.overlay_video import overlay_video
from mmvideomae.visualization.timeline import draw_segments, moment

Rows = list[list[str]]
"""Lines of a table."""


class NoFeaturesError(UserError, ValueError):
    """Features were found for no video of a folder."""


class Library:
    """The videos of a folder, from which the nearest to another video are found.

    A video is the mean of its windows' features; likeness is the cosine.

    Args:
        extractor: Makes the features, those of the folder once.
        folder: A folder of videos.
        out: Folder that keeps their features.
        progress: Called with the name of a video, its finished windows and their number.

    Attributes:
        failed: Reasons, keyed by the names of videos that were left out.

    Raises:
        AnnotationError: The folder has no video.
        NoFeaturesError: All of its videos failed.
    """

    def __init__(
        self,
        extractor: FeatureExtractor,
        folder: str,
        out: Path,
        progress: Callable[[str, int, int], None] | None = None,
    ) -> None:
        self._extractor = extractor
        jobs = jobs_of(folder, filename_tmpl=extractor.filename_tmpl)
        # Features of another model, or of videos with the same names, are others.
        made_from = f'{extractor.checkpoint_sha256} {os.path.abspath(folder)}'
        place = out / sha256(made_from.encode()).hexdigest()[:16]
        for outcome in extract_all(extractor, jobs, place, progress):
            self.failed = dict(outcome.failed)
        self.jobs: list[Job] = [job for job in jobs if job.video_id not in self.failed]
        if not self.jobs:
            first = ': '.join(next(iter(self.failed.items())))
            raise NoFeaturesError(f'no video of {folder} can be used, such as {first}')
        means = [np.load(file_of(job, place, '.npy')).mean(0) for job in self.jobs]
        self._bank = torch.from_numpy(np.stack(means))

    def nearest(
        self, video: str, count: int, progress: OnProgress | None = None
    ) -> list[tuple[Job, float]]:
        """The videos that are most alike, best first, without the video itself."""
        mean = self._extractor(video, progress).features.mean(0, keepdims=True)
        alike, places = nearest_neighbours(torch.from_numpy(mean), self._bank, count + 1)
        found = zip(places[0].tolist(), alike[0].tolist(), strict=True)
        others = ((self.jobs[place], score) for place, score in found)
        return [(job, score) for job, score in others if job.path != video][:count]


def shown_names(jobs: Sequence[Job]) -> dict[str, str]:
    """Paths of videos, keyed by names that a page can show."""
    return {printable(job.video_id): job.path for job in jobs}


@dataclass
class Answers:
    """The given models, and what the page shows of a video; None: not given.

    Args:
        folder: For the files that are made.
    """

    folder: Path
    classifier: VideoClassifier | None = None
    localizer: TemporalLocalizer | None = None
    detector: ActionDetector | None = None
    reconstructor: Reconstructor | None = None
    library: Library | None = None
    filename_tmpl: str = 'img_{:05}.jpg'
    fps: float = 25.0
    _playable: dict[str, str] = field(default_factory=dict)

    def playable(self, video: str) -> str:
        """A file that browsers can play: the video itself or a copy, which is made once."""
        if video not in self._playable:
            stream = open_stream(video, self.filename_tmpl, self.fps)
            with stream:
                made = browser_video(stream, self._file())
            if str(made) != printable(str(made)):  # no page can ask for it
                made = shutil.copyfile(made, self._file().with_suffix(made.suffix))
            self._playable[video] = str(made)
        return self._playable[video]

    def classify(self, video: str, count: int) -> dict[str, float]:
        """The most probable classes and their probabilities."""
        assert self.classifier is not None
        return {one.label: one.score for one in self.classifier(video, top_k=count).top}

    def localize(
        self, video: str, least: float, progress: OnProgress | None = None
    ) -> tuple[np.ndarray, Rows]:
        """A picture (H, W, 3) uint8 of the segments, and a table of them, best first."""
        assert self.localizer is not None
        found = self.localizer(video, progress).at_least(least)
        title = f'{printable(Path(video).name)}: {len(found)} segments'
        rows = [
            [*(moment(time) for time in span[:2]), span.label, f'{span.score:.3f}']
            for span in found
        ]
        colours = class_colours(self.localizer.classes)
        return draw_segments(found, found.duration, title, colours=colours), rows

    def detect(
        self, video: str, least: float, progress: OnProgress | None = None
    ) -> tuple[Path, Rows]:
        """The video with boxes and actions on it, and a table of them by time."""
        assert self.detector is not None
        found = self.detector(video, progress=progress).at_least(least, 3)
        path = overlay_video(self.detector.open_stream(video), self._file(), drawn_people(found))
        rows = [
            [
                moment(frame.second),
                ' '.join(f'{edge:.0f}' for edge in box),
                ', '.join(f'{one.label} {100 * one.score:.0f} %' for one in actions),
            ]
            for frame in found
            for box, actions in zip(frame.boxes, frame.actions, strict=True)
        ]
        return path, rows

    def reconstruct(
        self, video: str, ratio: float, start: float | None
    ) -> tuple[np.ndarray, Path, str]:
        """A picture (H, W, 3) uint8 of a reconstruction, an animation, and the loss in words."""
        assert self.reconstructor is not None
        clip = self.reconstructor(video, [ratio], start)
        view = clip.views[0]
        told = f'{100 * view.masked_share:.0f} % of the tokens are hidden'
        told += '' if view.loss is None else f', loss {view.loss:.3f}'
        return clip.picture(), clip.save(self._file()), told

    def search(
        self, video: str, count: int, progress: OnProgress | None = None
    ) -> list[tuple[str, str]]:
        """Files of the nearest videos, with likeness and name."""
        assert self.library is not None
        found = self.library.nearest(video, count, progress)
        return [
            (self.playable(job.path), f'{score:.3f}  {printable(job.video_id)}')
            for job, score in found
        ]

    def _file(self) -> Path:
        return self.folder / f'{uuid4().hex}.mp4'
