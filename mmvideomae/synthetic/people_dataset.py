"""Write a folder of videos of people: H.264 files, boxes per second, and clips of actors."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path

import cv2

from mmvideomae.synthetic.motion import CLASS_NAMES
from mmvideomae.synthetic.motion_dataset import (
    SETTINGS_FILE,
    UNFINISHED_FILE,
    MotionClip,
    run_tasks,
    write_frames,
)
from mmvideomae.synthetic.people import (
    SPLITS,
    PeopleSettings,
    boxes_of,
    plan_clip,
    plan_people,
    render,
    render_crop,
)

HEADER = 'video,second,x1,y1,x2,y2,label,person'
FOLDERS = ('videos', 'actions')


@dataclass(frozen=True)
class PeopleVideo:
    """One video to make."""

    split: str
    number: int

    @property
    def video_id(self) -> str:
        return f'{self.split}_{self.number:04d}'


def list_files(settings: PeopleSettings) -> list[PeopleVideo | MotionClip]:
    """Every video and clip of the data set, split by split; labels of clips alternate."""
    videos = [
        PeopleVideo(split, number)
        for split in SPLITS
        for number in range(settings.videos.get(split, 0))
    ]
    clips = [
        MotionClip(split, number, number % settings.classes)
        for split in SPLITS
        for number in range(settings.clips.get(split, 0))
    ]
    return [*videos, *clips]


def write_people(
    out: Path, settings: PeopleSettings, workers: int = 1
) -> Iterator[PeopleVideo | MotionClip]:
    """Write the data set to ``out``, yielding each video and clip when it is written.

    ``videos/ID.mp4``; ``train.csv`` and ``val.csv`` with lines ``video,second,x1,y1,x2,y2,
    label,person`` and a header: boxes are relative to the frame, labels are class names, and
    persons are numbered from 1 in each video; ``classes.txt``.  ``actions/{train,val}.csv``
    list clips of one actor, ``path label`` with paths relative to ``actions``; they are from
    videos in neither split.  The settings are in ``dataset.unfinished.json`` until everything
    is written, then in ``dataset.json``.
    """
    files = list_files(settings)
    (out / 'videos').mkdir(parents=True, exist_ok=True)
    clips = [each for each in files if isinstance(each, MotionClip)]
    for split in {clip.split for clip in clips}:
        (out / 'actions' / 'videos' / split).mkdir(parents=True, exist_ok=True)
    (out / SETTINGS_FILE).unlink(missing_ok=True)
    (out / UNFINISHED_FILE).write_text(settings_text(settings))
    yield from run_tasks(partial(_write_file, out=out, settings=settings), files, workers)
    for split in SPLITS:
        numbers = range(settings.videos.get(split, 0))
        rows = [row for number in numbers for row in rows_of(PeopleVideo(split, number), settings)]
        _write_list(out / f'{split}.csv', [HEADER, *rows] if rows else [])
        lines = [f'{clip.path} {clip.label}' for clip in clips if clip.split == split]
        _write_list(out / 'actions' / f'{split}.csv', lines)
    _write_list(out / 'classes.txt', CLASS_NAMES[: settings.classes])
    (out / UNFINISHED_FILE).replace(out / SETTINGS_FILE)


def rows_of(video: PeopleVideo, settings: PeopleSettings) -> list[str]:
    """The lines of a video: one for each actor in each key frame, at seconds 1, 2, ..."""
    plan = plan_people(video.split, video.number, settings)
    return [
        f'{video.video_id},{second},{",".join(f"{edge:.5f}" for edge in box)},'
        f'{CLASS_NAMES[label]},{person}'
        for second, (boxes, labels) in enumerate(
            zip(boxes_of(plan, settings), plan.labels, strict=True), 1
        )
        for person, (box, label) in enumerate(zip(boxes, labels, strict=True), 1)
    ]


def settings_text(settings: PeopleSettings) -> str:
    """The settings as the JSON text of ``dataset.json``."""
    videos = {split: settings.videos.get(split, 0) for split in SPLITS}
    clips = {split: settings.clips.get(split, 0) for split in SPLITS}
    named = replace(settings, videos=videos, clips=clips)
    return json.dumps({'kind': 'people', **asdict(named)}, indent=2) + '\n'


def _write_file(
    file: PeopleVideo | MotionClip, out: Path, settings: PeopleSettings
) -> PeopleVideo | MotionClip:
    cv2.setNumThreads(1)  # the processes use all cores
    if isinstance(file, PeopleVideo):
        plan = plan_people(file.split, file.number, settings)
        path, frames = out / 'videos' / f'{file.video_id}.mp4', render(plan, settings)
    else:
        plan = plan_clip(file.split, file.number, settings)
        path, frames = out / 'actions' / file.path, render_crop(plan, settings)
    write_frames(path, frames, settings.fps)
    return file


def _write_list(path: Path, lines: Sequence[str]) -> None:
    path.unlink(missing_ok=True)
    if lines:
        path.write_text(''.join(f'{line}\n' for line in lines))
