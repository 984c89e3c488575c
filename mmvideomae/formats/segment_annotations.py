"""Read annotations of untrimmed videos as segments in seconds.

Three formats can be read:

- **ActivityNet's JSON**, which FineAction and usually THUMOS14 use too::

      {"database": {"ID": {"subset": "training", "duration": 30.2, "fps": 25.0,
                           "annotations": [{"segment": [1.5, 4.0], "label": "jump"}]}}}

  ``fps``, ``subset`` and ``duration`` are optional.
  - **CSV** with lines ``video,start,end,label``, with or without that header; with a header,
  columns may be in any order and ``subset``, ``duration`` and ``fps`` may be added.  A line
  ``video,,,`` is a video without segments.
  - **THUMOS14's folder of text files**, ``<class>_val.txt`` and ``<class>_test.txt`` with
  lines ``video start end``; segments marked ambiguous are ignored.

  As in ActionFormer, repeated segments of a video (same label, both ends within 1 ms) are kept
  once, because a detector cannot find both, and segments shorter than 1 ms are dropped.
  `annotated_videos.dropped_segments` says how many there were.
"""

import math
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from mmvideomae.formats.annotated_videos import AnnotatedVideo
from mmvideomae.formats.text_files import (
    AnnotationError,
    numbered_lines,
    read_json,
    read_rows,
    shown,
    without_padding,
)
from mmvideomae.storage.remote import UnreachableError, without_query

_COLUMNS = ('video', 'start', 'end', 'label')
_MORE_COLUMNS = ('subset', 'duration', 'fps')
_THUMOS_SUBSETS = {'val': 'validation', 'test': 'test'}


def read_segments(path: str | os.PathLike[str]) -> list[AnnotatedVideo]:
    """Read an annotation file or THUMOS14's folder, detecting the format.

    Raises:
        AnnotationError: It is missing, has an unknown format, lists no video, or a value is
            not a number; the message names the file and the video or the line.
    """
    path = os.fspath(path)
    try:
        if os.path.isdir(path):
            videos = _read_thumos(Path(path))
        elif without_query(path).lower().endswith('.json'):
            videos = _read_json(path)
        else:
            videos = _read_csv(path)
    except UnreachableError:
        raise
    except OSError as error:
        raise AnnotationError(
            f'cannot read the annotation {path}: {error.strerror or error}'
        ) from error
    if not videos:
        raise AnnotationError(f'the annotation {path} names no video')
    for video in videos:
        video.drop_repeats()
    return videos


def _read_json(path: str) -> list[AnnotatedVideo]:
    content = read_json(path, 'annotation')
    database = content.get('database') if isinstance(content, dict) else None
    if not isinstance(database, dict):
        raise AnnotationError(
            f'{path} is not in ActivityNet\'s format: it has no object "database" of videos'
        )
    return [_json_video(str(name), entry, path) for name, entry in database.items()]


def _json_video(name: str, entry: Any, path: str) -> AnnotatedVideo:
    where = f'{path}: video {name!r}'
    if not isinstance(entry, dict) or not isinstance(entry.get('annotations', []), list):
        raise AnnotationError(f'{where} is not an object with a list "annotations"')
    video = AnnotatedVideo(
        name,
        path,
        str(entry.get('subset', '')).lower(),
        positive_of(entry.get('duration'), 'duration', where),
        positive_of(entry.get('fps'), 'fps', where),
    )
    for each in entry.get('annotations', []):
        times = each.get('segment') if isinstance(each, dict) else None
        if not isinstance(times, list) or len(times) != 2 or 'label' not in each:
            raise AnnotationError(f'{where}: {each!r} is not {{"segment": [start, end], "label"}}')
        start, end = (number_of(value, 'segment', where) for value in times)
        label = each['label']
        if isinstance(label, bool) or not isinstance(label, str | int) or not str(label).strip():
            raise AnnotationError(f'{where}: label {label!r} of [{start:g}, {end:g}] is not a name')
        video.segments.append((start, end))
        video.labels.append(str(label))
    return video


def _read_csv(path: str) -> list[AnnotatedVideo]:
    rows = list(read_rows(path, 'annotation'))
    columns: Sequence[str] = _COLUMNS
    if rows and 'video' in [cell.lower() for cell in rows[0][1]]:
        number, header = rows.pop(0)
        filled = max(place for place, cell in enumerate(header, 1) if cell)
        columns = [cell.lower() for cell in header[:filled]]
        if not set(_COLUMNS) <= set(columns) <= {*_COLUMNS, *_MORE_COLUMNS}:
            raise AnnotationError(
                f'{path}:{number}: the columns must be {",".join(_COLUMNS)} and may be '
                f'{", ".join(_MORE_COLUMNS)}, got {",".join(columns)}'
            )
    videos: dict[str, AnnotatedVideo] = {}
    for number, row in rows:
        where = f'{path}:{number}'
        row = without_padding(row, len(columns))
        if len(row) != len(columns):
            raise AnnotationError(
                f'{where}: {len(row)} fields, expected {len(columns)}: {",".join(columns)}'
            )
        _add_row(videos, dict(zip(columns, row, strict=True)), path, number)
    return list(videos.values())


def _add_row(
    videos: dict[str, AnnotatedVideo], row: Mapping[str, str], path: str, line: int
) -> None:
    """Add one line of a CSV file to its video."""
    where, name = f'{path}:{line}', row['video']
    if not name:
        raise AnnotationError(f'{where}: the name of the video is missing')
    video = videos.setdefault(name, AnnotatedVideo(name, where))
    said = (
        ('subset', row.get('subset', '').lower() or None),
        ('duration', positive_of(row.get('duration') or None, 'duration', where)),
        ('fps', positive_of(row.get('fps') or None, 'fps', where)),
    )
    for key, value in said:
        before = getattr(video, key)
        if value is not None and before not in (None, '', value):
            raise AnnotationError(
                f'{where}: video {name!r} has {key} {value!r}, but {before!r} in another line'
            )
        if value is not None:
            setattr(video, key, value)
    if row['start'] or row['end'] or row['label']:
        if not row['label']:
            raise AnnotationError(f'{where}: the label of a segment of {name!r} is missing')
        video.segments.append(
            (number_of(row['start'], 'start', where), number_of(row['end'], 'end', where))
        )
        video.labels.append(row['label'])
        video.lines.append(line)


def _read_thumos(folder: Path) -> list[AnnotatedVideo]:
    videos: dict[str, AnnotatedVideo] = {}
    for file, label, subset in _thumos_files(folder):
        add_class_file(videos, file, label, subset)
    return list(videos.values())


def add_class_file(
    videos: dict[str, AnnotatedVideo], file: Path, label: str, subset: str | Callable[[str], str]
) -> None:
    """Add the segments of a class from its file, lines ``video start end``.

    Args:
        videos: By name; those that a line names first are added.
        subset: Subset of its videos, or what gives that of a video by its name.

    Raises:
        AnnotationError: A line is something else; also what ``subset`` raises, with the line.
    """
    for number, line in numbered_lines(file, 'annotation'):
        where = f'{file}:{number}'
        fields = line.split()
        if len(fields) != 3:
            raise AnnotationError(f'{where}: expected "video start end", got {shown(line)}')
        if fields[0] not in videos:
            try:
                told = subset if isinstance(subset, str) else subset(fields[0])
            except ValueError as error:
                raise AnnotationError(f'{where}: {error}') from None
            videos[fields[0]] = AnnotatedVideo(fields[0], where, told)
        video = videos[fields[0]]
        start, end = (number_of(value, 'time', where) for value in fields[1:])
        video.segments.append((start, end))
        video.labels.append(label)
        video.lines.append(number)


def _thumos_files(folder: Path) -> Iterator[tuple[Path, str, str]]:
    """(file, class, subset) of the annotation files of a folder."""
    for file in sorted(folder.glob('*.txt')):
        label, _, short = file.stem.rpartition('_')
        if short in _THUMOS_SUBSETS and label and label.lower() != 'ambiguous':
            yield file, label, _THUMOS_SUBSETS[short]


def number_of(value: Any, name: str, where: str) -> float:
    """A number of seconds; ``name`` and ``where`` are for errors."""
    try:
        if isinstance(value, bool):
            raise TypeError
        return float(value)
    except (TypeError, ValueError):
        raise AnnotationError(f'{where}: {name} {value!r} is not a number of seconds') from None


def positive_of(value: Any, name: str, where: str) -> float | None:
    """A positive number; None for None."""
    if value is None:
        return None
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = math.nan
    if not (math.isfinite(number) and number > 0):
        raise AnnotationError(f'{where}: {name} must be a positive number, got {value!r}')
    return number
