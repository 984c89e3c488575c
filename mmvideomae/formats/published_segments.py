"""Read the annotations of published data sets of segments, in the files of their authors.

`read_published` reads these, all but the first from a folder with its files:

- ``activitynet``: ActivityNet-1.3's JSON file, or that of FineAction or HACS.

- ``multithumos``: a file for each class, ``<class>.txt``, with lines ``video start end``.
  THUMOS14's validation videos are for training, its test videos for validation.
- ``charades``: ``Charades_v1_{train,test}.csv``, whose column ``actions`` holds
  ``c092 11.9 21.2;...``, and ``Charades_v1_classes.txt``.  The test videos are for validation.
- ``epic-verb`` and ``epic-noun``: ``EPIC_100_{train,validation}.csv``,
  ``EPIC_100_video_info.csv`` with the durations, and ``EPIC_100_{verb,noun}_classes.csv``
  (EPIC-Kitchens-100).
- ``ego4d-mq``: ``moments_{train,val}.json`` of Ego4D's moment queries.  A video is a clip that was
  annotated; labels of all annotators count, if they are primary.

Videos of other subsets, such as test videos without segments, are left out.
"""

import csv
import io
import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from mmvideomae.formats.annotated_videos import AnnotatedVideo, classes_of
from mmvideomae.formats.segment_annotations import (
    add_class_file,
    number_of,
    positive_of,
    read_segments,
)
from mmvideomae.formats.text_files import (
    AnnotationError,
    numbered_lines,
    read_json,
    read_utf8,
    shown,
)

TRAINING, VALIDATION = 'training', 'validation'
_RATES = (10, 100)  # frames per second that a clip of Ego4D can have


@dataclass(frozen=True)
class PublishedSegments:
    """The annotation of a published data set.

    Attributes:
        videos: Of its training and validation sets.
        classes: Names in the order of their numbers.
        left_out: A sentence about each video that its authors' protocol leaves out.
    """

    videos: list[AnnotatedVideo]
    classes: tuple[str, ...]
    left_out: list[str] = field(default_factory=list)


def read_published(folder: str | os.PathLike[str], layout: str) -> PublishedSegments:
    """Read the annotation files of a published data set.

    Args:
        folder: Folder of the files, or the only file.
        layout: One of ``LAYOUTS``.

    Raises:
        AnnotationError: A file is missing or is not as published; the message names the line.
        ValueError: The layout is unknown.
    """
    if layout not in LAYOUTS:
        raise ValueError(f'unknown layout {layout!r}; choose one of {", ".join(LAYOUTS)}')
    if layout != 'activitynet' and not Path(folder).is_dir():
        raise AnnotationError(
            f'{os.fspath(folder)} is not a folder: give the one with the annotation files of '
            f'{layout}'
        )
    found = LAYOUTS[layout](Path(folder))
    if not found.videos:
        raise AnnotationError(f'the annotation {os.fspath(folder)} names no video')
    for video in found.videos:
        video.drop_repeats()
    return found


def _read_activitynet(path: Path) -> PublishedSegments:
    kept = [video for video in read_segments(path) if video.subset in (TRAINING, VALIDATION)]
    return PublishedSegments(kept, classes_of(kept))


def _read_multithumos(folder: Path) -> PublishedSegments:
    inner = folder / 'annotations'
    files = {
        file.stem: file
        for file in (inner if inner.is_dir() else folder).glob('*.txt')
        if file.stem.lower() not in ('class_list', 'readme')
    }
    if not files:
        raise AnnotationError(f'{folder} has no files <class>.txt of MultiTHUMOS')
    videos: dict[str, AnnotatedVideo] = {}
    for label in sorted(files):
        add_class_file(videos, files[label], label, _thumos_subset)
    return PublishedSegments(list(videos.values()), tuple(sorted(files)))


def _thumos_subset(video: str) -> str:
    for prefix, subset in (('video_validation_', TRAINING), ('video_test_', VALIDATION)):
        if video.startswith(prefix):
            return subset
    raise ValueError(f'{video!r} is not the name of a validation or test video of THUMOS14')


def _table(path: Path, *columns: str) -> Iterator[tuple[str, dict[str, str]]]:
    """(file:line, values of the columns) of the rows of a published CSV file with a header.

    Unlike users' files, it may have line breaks in quoted fields.

    Raises:
        AnnotationError: The file cannot be read, or lacks a column or a value.
    """
    reader = csv.reader(io.StringIO(read_utf8(path, 'annotation')), strict=True)
    header = [name.strip() for name in next(reader, [])]
    if missing := [name for name in columns if name not in header]:
        raise AnnotationError(f'{path}:1: there is no column {missing[0]}, only {",".join(header)}')
    places = [header.index(name) for name in columns]
    try:
        for row in reader:
            where = f'{path}:{reader.line_num}'
            if row and len(row) != len(header):
                raise AnnotationError(f'{where}: {len(row)} fields, expected {len(header)}')
            if row:
                yield (
                    where,
                    dict(zip(columns, (row[place].strip() for place in places), strict=True)),
                )
    except csv.Error as error:
        raise AnnotationError(f'{path}:{reader.line_num}: {error}') from None


def _read_charades(folder: Path) -> PublishedSegments:
    names = _charades_classes(folder / 'Charades_v1_classes.txt')
    videos = []
    for file, subset in (('train', TRAINING), ('test', VALIDATION)):
        path = folder / f'Charades_v1_{file}.csv'
        for where, row in _table(path, 'id', 'actions', 'length'):
            duration = positive_of(row['length'], 'length', where)
            video = AnnotatedVideo(row['id'], where, subset, duration)
            for action in filter(None, row['actions'].split(';')):
                code, *times = action.split()
                if code not in names or len(times) != 2:
                    raise AnnotationError(
                        f'{where}: action {shown(action)} is not "class start end" with a class '
                        'of Charades_v1_classes.txt'
                    )
                start, end = (number_of(value, 'time', where) for value in times)
                video.segments.append((start, end))
                video.labels.append(names[code])
            videos.append(video)
    return PublishedSegments(videos, tuple(names.values()))


def _charades_classes(path: Path) -> dict[str, str]:
    """Names by code, in the order of the codes."""
    names: dict[str, str] = {}
    for number, line in numbered_lines(path, 'list of classes'):
        code, _, name = line.partition(' ')
        if not (re.fullmatch(r'c\d{3}', code) and name) or name in names.values():
            raise AnnotationError(
                f'{path}:{number}: {shown(line)} is not "c000 name" with a new name'
            )
        names[code] = name.strip()
    return dict(sorted(names.items()))


def _read_epic(folder: Path, kind: str) -> PublishedSegments:
    names = _epic_classes(folder / f'EPIC_100_{kind}_classes.csv')
    durations = {
        row['video_id']: positive_of(row['duration'], 'duration', where)
        for where, row in _table(folder / 'EPIC_100_video_info.csv', 'video_id', 'duration')
    }
    videos: dict[str, AnnotatedVideo] = {}
    columns = ('video_id', 'start_timestamp', 'stop_timestamp', f'{kind}_class')
    for file, subset in (('train', TRAINING), ('validation', VALIDATION)):
        for where, row in _table(folder / f'EPIC_100_{file}.csv', *columns):
            name, start, stop, number = (row[column] for column in columns)
            if name not in durations:
                raise AnnotationError(f'{where}: video {name!r} is not in EPIC_100_video_info.csv')
            if not (number.isdecimal() and int(number) < len(names)):
                raise AnnotationError(
                    f'{where}: {kind}_class {number!r} is not one of the {len(names)} classes'
                )
            video = videos.setdefault(name, AnnotatedVideo(name, where, subset, durations[name]))
            video.segments.append((_clock_time(start, where), _clock_time(stop, where)))
            video.labels.append(names[int(number)])
    return PublishedSegments(list(videos.values()), names)


def _epic_classes(path: Path) -> tuple[str, ...]:
    names: list[str] = []
    for where, row in _table(path, 'id', 'key'):
        if row['id'] != str(len(names)) or not row['key'] or row['key'] in names:
            raise AnnotationError(
                f'{where}: class {row["id"]} {row["key"]!r} is not number {len(names)} with a name '
                'of its own'
            )
        names.append(row['key'])
    return tuple(names)


def _clock_time(text: str, where: str) -> float:
    """Seconds of ``hours:minutes:seconds``."""
    parts = [number_of(part, 'time', where) for part in text.split(':')]
    if len(parts) != 3:
        raise AnnotationError(f'{where}: time {text!r} is not hours:minutes:seconds')
    return 3600 * parts[0] + 60 * parts[1] + parts[2]


def _read_ego4d(folder: Path) -> PublishedSegments:
    videos, left_out = [], []
    for file, subset in (('train', TRAINING), ('val', VALIDATION)):
        path = folder / f'moments_{file}.json'
        content = read_json(path, 'annotation')
        try:
            clips = [clip for video in content['videos'] for clip in video['clips']]
            for clip in clips:
                video, rate = _ego4d_clip(clip, f'{path}: clip {clip["clip_uid"]}', subset)
                if _RATES[0] <= rate <= _RATES[1]:
                    videos.append(video)
                else:
                    left_out.append(f'{video.where} has {rate:.4g} frames per second')
        except (KeyError, TypeError) as error:
            raise AnnotationError(
                f'{path} is not as Ego4D publishes it: {type(error).__name__} {error}'
            ) from None
    labels = {label for video in videos for label in video.labels}
    return PublishedSegments(videos, tuple(sorted(labels)), left_out)


def _ego4d_clip(clip: Mapping[str, Any], where: str, subset: str) -> tuple[AnnotatedVideo, float]:
    """A clip with its segments in seconds from its start, and its frames per second."""
    start, end, first, last = (
        number_of(clip[f'video_{key}'], key, where)
        for key in ('start_sec', 'end_sec', 'start_frame', 'end_frame')
    )
    start, first = max(start, 0.0), max(first, 0.0)
    if end <= start:
        raise AnnotationError(f'{where} ends at {end:g} s, but begins at {start:g} s')
    video = AnnotatedVideo(clip['clip_uid'], where, subset, end - start)
    for item in (item for annotator in clip['annotations'] for item in annotator['labels']):
        if item['primary']:
            times = (number_of(item[f'video_{key}_time'], key, where) for key in ('start', 'end'))
            begin, stop = (time - start for time in times)
            video.segments.append((begin, stop))
            video.labels.append(str(item['label']))
    return video, (last - first) / (end - start)


LAYOUTS: dict[str, Callable[[Path], PublishedSegments]] = {
    'activitynet': _read_activitynet,
    'multithumos': _read_multithumos,
    'charades': _read_charades,
    'epic-verb': partial(_read_epic, kind='verb'),
    'epic-noun': partial(_read_epic, kind='noun'),
    'ego4d-mq': _read_ego4d,
}
"""Readers by the name of the data set."""
