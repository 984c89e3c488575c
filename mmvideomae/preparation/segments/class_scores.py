"""Class scores of whole videos, which class-agnostic detectors need."""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mmvideomae.apis import VideoClassifier
from mmvideomae.errors import UserError, nearest
from mmvideomae.formats.annotated_videos import classes_of
from mmvideomae.formats.segment_annotations import read_segments
from mmvideomae.jobs.video_jobs import Advance, Job, Outcome, Progress, file_of, work_through
from mmvideomae.storage import in_turn, write_text

_DIGITS = 6  # of a score in a file


class ClassScoreError(UserError, ValueError):
    """Class scores cannot be made, or differ from those that exist."""


def detector_classes(ann_file: str | os.PathLike[str]) -> tuple[str, ...]:
    """Classes in the order of a data set with this annotation and no ``classes`` of its own."""
    return classes_of(read_segments(ann_file))


class ClassScorer:
    """Scores the classes of a video, in the order of the detector's data set.

    Args:
        classifier: Knows all these classes; further ones are left out.
        classes: The classes of the detector's data set, in order.
        window: Seconds of windows that are classified instead of the whole video, every half of
            them; a class then has the highest of its scores, since an action may be short.  None
            uses the views of the classifier's test, spread over the video.

    Raises:
        ClassScoreError: The classifier does not know a class.
    """

    def __init__(
        self, classifier: VideoClassifier, classes: Sequence[str], window: float | None = None
    ) -> None:
        known = {name: number for number, name in enumerate(classifier.classes)}
        if missing := [name for name in classes if name not in known]:
            raise ClassScoreError(
                f'the classifier does not know {len(missing)} of {len(classes)} classes, such as '
                f'{missing[0]!r}{nearest(missing[0], known)}'
            )
        self.classes, self.window = tuple(classes), window
        self._classifier = classifier
        self._columns = np.array([known[name] for name in classes])

    @property
    def settings(self) -> dict[str, Any]:
        """What scores depend on, as plain values."""
        model = self._classifier.model
        return {
            'config': os.path.basename(getattr(model.cfg, 'filename', None) or ''),
            'checkpoint': os.path.basename(getattr(model, 'checkpoint', None) or ''),
            'window': self.window,
            'classes': list(self.classes),
        }

    def __call__(self, video: str, progress: Advance | None = None) -> np.ndarray:
        """Probabilities of the classes of a video file or folder of frames, (K,) float32.

        Raises:
            VideoReadError: The video cannot be read.
            NotFiniteError: Scores are not numbers.
        """
        if self.window is None:
            scores = self._classifier(video, progress=progress).scores
        else:
            scores = self._classifier.timeline(video, self.window, progress=progress).scores.max(0)
        return scores[self._columns]


def score_videos(
    scorer: ClassScorer, jobs: Sequence[Job], folder: Path, progress: Progress | None = None
) -> Iterator[Outcome]:
    """Score unfinished videos, each into ``folder/ID.json``; see `work_through`.

    Raises:
        ClassScoreError: The folder holds scores that were made in another way.
        OSError: The folder cannot be written.
    """

    def score(job: Job, advance: Advance) -> int:
        scores = scorer(job.path, advance)
        content = {'scores': [round(float(each), _DIGITS) for each in scores], **scorer.settings}
        write_text(file_of(job, folder, '.json'), json.dumps(content) + '\n')
        return 1

    def finished(job: Job) -> bool:
        path = file_of(job, folder, '.json')
        if not path.is_file():
            return False
        made = json.loads(path.read_text(encoding='utf-8'))
        for key, value in scorer.settings.items():
            if made[key] != value:
                raise ClassScoreError(
                    f'{path} was made with another {key}: choose another OUT, or delete {folder}'
                )
        return True

    return work_through(jobs, folder, finished, score, progress=progress)


def gather_scores(jobs: Sequence[Job], folder: Path, out: Path, settings: Mapping[str, Any]) -> int:
    """Write the scores of all finished videos into one file, for ``external_scores``.

    The file is JSON, ``{"results": {ID: [score, ...]}, ...}`` with the settings of the scorer.

    Returns:
        How many videos have no scores yet.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with in_turn(folder):
        paths = {job.video_id: file_of(job, folder, '.json') for job in jobs}
        results = {
            video: json.loads(path.read_text(encoding='utf-8'))['scores']
            for video, path in paths.items()
            if path.is_file()
        }
        if results:
            write_text(out, json.dumps({**settings, 'results': results}) + '\n')
    return len(jobs) - len(results)


def named_by(jobs: Sequence[Job], template: str) -> list[Job]:
    """Jobs with the names that the annotation has for videos whose files are named by a template.

    Raises:
        ClassScoreError: The template has no place for a name, or a video does not have such a
            name.
    """
    before, place, after = template.partition('{}')
    if not place:
        raise ClassScoreError(f'{template!r} has no {{}} where the name of the video is')
    renamed = []
    for job in jobs:
        name = job.video_id
        long = len(name) > len(before) + len(after)
        if not (long and name.startswith(before) and name.endswith(after)):
            raise ClassScoreError(f'{job.path} is not named like {template!r}')
        renamed.append(job._replace(video_id=name[len(before) : len(name) - len(after)]))
    return renamed
