"""Detect people at the key frames of many videos and write a proposal file."""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from mmvideomae.apis.key_frames import check_step, seconds_of
from mmvideomae.apis.person_boxes import PersonDetector, find_people
from mmvideomae.errors import UserError
from mmvideomae.formats.annotations import AnnotationError
from mmvideomae.formats.box_annotations import KeyFrame, read_box_rows, read_boxes
from mmvideomae.formats.proposals import read_proposals, write_proposals
from mmvideomae.formats.video_folders import find_videos
from mmvideomae.formats.video_places import VideoPlaces
from mmvideomae.jobs.video_jobs import (
    Advance,
    Job,
    Outcome,
    Progress,
    check_names,
    file_of,
    work_through,
)
from mmvideomae.storage import in_turn, write_text
from mmvideomae.video.readers import VideoReadError

SETTINGS_FILE = 'settings.json'


class SettingsError(UserError, ValueError):
    """A proposal file cannot be made at this path with these settings."""


@dataclass(frozen=True)
class Watch:
    """One video and the moments at which to detect people.

    Attributes:
        job: The file, and the name of its output.
        video_id: The name of the video in the annotation.
        place: The result of ``VideoPlaces.find``; None if the video does not exist.
        seconds: The moments; None: every ``step`` seconds.
        step: Distance of moments in seconds.
    """

    job: Job
    video_id: str
    place: Mapping[str, Any] | None
    seconds: tuple[float, ...] | None = None
    step: float = 1.0


def annotated_moments(annotation: str | os.PathLike[str], places: VideoPlaces) -> list[Watch]:
    """The key frames of an annotation in AVA's format.

    Raises:
        AnnotationError: It cannot be read, or two files have the same name.
    """
    groups: dict[tuple[str, str], list[float]] = {}
    found: dict[str, Mapping[str, Any] | None] = {}
    for video_id, second in dict.fromkeys(
        (row.video_id, row.second) for row in read_boxes(annotation, strict=False)
    ):
        place = places.find(video_id, second)
        path = str(place['filename']) if place else places.wanted(video_id)
        found[path] = place
        groups.setdefault((video_id, path), []).append(second)
    several = [video for video, _ in groups]
    watches = []
    for (video_id, path), seconds in groups.items():
        # Clips of one source, as in AVA-Kinetics, are distinguished by their files.  AVA's ids are
        # the names of files without suffix, not paths as in `video_id_of`.
        name = video_id if several.count(video_id) == 1 else Path(path).stem
        watches.append(Watch(Job(path, name), video_id, found[path], tuple(sorted(seconds))))
    check_names([watch.job for watch in watches])
    return watches


def regular_moments(places: VideoPlaces, step: float) -> list[Watch]:
    """A moment every ``step`` seconds in all videos of a folder or table.

    Raises:
        AnnotationError: There is no video.
        ValueError: ``step`` is not positive.
    """
    check_step(step)
    watches = []
    for video_id in _videos_of(places):
        place = places.find(video_id, 0.0)
        path = str(place['filename']) if place else places.wanted(video_id)
        watches.append(Watch(Job(path, video_id), video_id, place, step=step))
    check_names([watch.job for watch in watches])
    return watches


class PeopleFile:
    """A proposal file that is made video by video.

    Finished videos are kept in the folder of ``parts`` beside it, so an interrupted run can
    continue, several processes can share the videos, and repeating the command does nothing.

    Args:
        path: The proposal file, ``.pkl``.
        settings: Settings of the detector and of the conversion of seconds to frames, and the
            step between moments if there is no annotation; parts with other settings are
            refused.

    Raises:
        SettingsError: The suffix is another one, or the parts were made with other settings.
    """

    def __init__(self, path: str | os.PathLike[str], settings: Mapping[str, Any]) -> None:
        self.path = Path(path)
        if self.path.suffix != '.pkl':
            raise SettingsError(f'proposals must be written as .pkl, got {self.path}')
        self.parts = self.path.with_suffix('.parts')
        self._settings = dict(settings)
        self._same_settings()

    def make(
        self,
        detector: PersonDetector,
        watches: Sequence[Watch],
        progress: Progress | None = None,
    ) -> Iterator[Outcome]:
        """Detect people in unfinished videos; see `work_through`."""
        by_name = {watch.job.video_id: watch for watch in watches}

        def find(job: Job, advance: Advance) -> int:
            watch = by_name[job.video_id]
            if watch.place is None:
                raise VideoReadError(watch.video_id, f'it does not exist: looked for {job.path}')
            start = watch.place.get('start_second', 0.0)
            seconds = watch.seconds or partial(seconds_of, step=watch.step, start_second=start)
            found = find_people(detector, watch.place, watch.video_id, seconds, advance)
            write_proposals(file_of(job, self.parts, '.pkl'), found.proposals())
            return len(found)

        self.parts.mkdir(parents=True, exist_ok=True)
        with in_turn(self.parts):  # other processes may do the same at this moment
            if not self._same_settings():
                text = json.dumps(self._settings, indent=1) + '\n'
                write_text(self.parts / SETTINGS_FILE, text)
        return work_through(
            [watch.job for watch in watches],
            self.parts,
            lambda job: self._finished(by_name[job.video_id]) is not None,
            find,
            (VideoReadError, AnnotationError),
            progress,
        )

    def gather(self, watches: Sequence[Watch]) -> dict[KeyFrame, np.ndarray] | None:
        """Write the proposal file from the parts once no video is waiting.

        Returns:
            The content of the file; None if other processes are still working.  If all videos
            failed, it is empty and an existing file is not changed.
        """
        found: dict[KeyFrame, np.ndarray] = {}
        for watch in watches:
            part = self._finished(watch)
            if part is not None:
                found.update(part)
            elif not file_of(watch.job, self.parts, '.error').is_file():
                return None
        if found:
            write_proposals(self.path, found)
        return found

    def _finished(self, watch: Watch) -> dict[KeyFrame, np.ndarray] | None:
        """The boxes found in a video; None if it was not processed at all of its moments."""
        path = file_of(watch.job, self.parts, '.pkl')
        if not path.is_file():
            return None
        part = read_proposals(path)
        if watch.seconds is None:
            return part  # another step is refused like other settings
        return part if {second for _, second in part} == set(watch.seconds) else None

    def _same_settings(self) -> bool:
        """Whether the parts were made with these settings; False if there is no note."""
        note = self.parts / SETTINGS_FILE
        if not note.is_file():
            return False
        before = _read_note(note)
        for key, value in self._settings.items():
            if before.get(key) != value:
                raise SettingsError(
                    f'{self.parts} was made with {key}={before.get(key)!r}, not {value!r}: '
                    'delete it or choose another file'
                )
        return True


def _read_note(path: Path) -> dict[str, Any]:
    """The settings of existing parts."""
    try:
        note = json.loads(path.read_text(encoding='utf-8'))
    except ValueError:
        note = None
    if not isinstance(note, dict):
        raise SettingsError(f'{path} has no settings: delete the folder {path.parent}')
    return note


def _videos_of(places: VideoPlaces) -> list[str]:
    """Names of all videos in the table, or else in the folder."""
    if places.table is not None:
        names = [row[0] for _, row in read_box_rows(places.table, 'table of videos')]
    elif places.filename_tmpl is not None:
        names = sorted(entry.name for entry in os.scandir(places.folder) if entry.is_dir())
    else:
        found = find_videos(places.folder)
        names = [os.path.splitext(path)[0] for path in found if places.is_video(path)]
    if not names:
        raise AnnotationError(f'{places.table or places.folder} names no video')
    return names
