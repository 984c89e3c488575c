"""Annotations of untrimmed videos -> segments in seconds.

Three layouts are read:

- **JSON of ActivityNet**, also that of FineAction and the usual one of THUMOS14::

      {"database": {"ID": {"subset": "training", "duration": 30.2, "fps": 25.0,
                           "annotations": [{"segment": [1.5, 4.0], "label": "jump"}]}}}

  ``fps`` may be absent, and so may ``subset`` and ``duration``.
- **CSV** of ``video,start,end,label`` lines, with or without that header; with one, columns
  stand in any order and ``subset``, ``duration`` and ``fps`` may be added.  A line
  ``video,,,`` is a video without segments.
- **The folder of text files of THUMOS14**, ``<class>_val.txt`` and ``<class>_test.txt`` with
  lines ``video start end``; segments marked ambiguous are left out.

A segment that a video has twice (the same label, both ends within 1 ms) counts once, and one that
is shorter than 1 ms is left out, as ActionFormer does it: nothing can find the second one.
`dropped_segments` says how many there were.
"""

import math
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import compress, zip_longest
from pathlib import Path
from typing import Any

import numpy as np

from mmvideomae.formats.text_files import (
    AnnotationError,
    numbered_lines,
    read_json,
    read_rows,
    shown,
)
from mmvideomae.ops.segments import SAME_SECONDS, distinct

_COLUMNS = ('video', 'start', 'end', 'label')
_MORE_COLUMNS = ('subset', 'duration', 'fps')
_THUMOS_SUBSETS = {'val': 'validation', 'test': 'test'}


@dataclass
class AnnotatedVideo:
    """What is written about one video.

    Attributes:
        video_id: Its name.
        where: File and line for errors.
        subset: Such as ``'training'``, in lower case; empty if not said.
        duration: In seconds, None if not said.
        fps: Frames per second, None if not said.
        segments: Start and end in seconds, one for each label.
        labels: Names of classes.
        lines: Of the file that name the segments; empty where it has none of their own (JSON).
        repeated: Segments that were left out because an earlier one says the same.
        too_short: Segments that were left out because they last less than 1 ms.
    """

    video_id: str
    where: str
    subset: str = ''
    duration: float | None = None
    fps: float | None = None
    segments: list[tuple[float, float]] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    repeated: int = 0
    too_short: int = 0

    def drop_repeats(self) -> None:
        """Leave out segments that are named twice or shorter than 1 ms, and count them."""
        segments = np.array(self.segments, np.float64).reshape(-1, 2)
        kept = distinct(segments, self.labels)
        short = ~kept & (np.diff(segments)[:, 0] < SAME_SECONDS)
        self.too_short += int(short.sum())
        self.repeated += int((~kept & ~short).sum())
        self.segments = list(compress(self.segments, kept))
        self.labels = list(compress(self.labels, kept))
        self.lines = list(compress(self.lines, kept))


def read_segments(path: str | os.PathLike[str]) -> list[AnnotatedVideo]:
    """Read an annotation file or THUMOS14's folder, whichever layout it has.

    Raises:
        AnnotationError: It is missing, of no known layout, names no video, or a value is
            no number; the message names the file and the video or the line.
    """
    path = Path(path)
    try:
        if path.is_dir():
            videos = _read_thumos(path)
        elif path.suffix.lower() == '.json':
            videos = _read_json(path)
        else:
            videos = _read_csv(path)
    except OSError as error:
        raise AnnotationError(
            f'cannot read the annotation {path}: {error.strerror or error}'
        ) from error
    if not videos:
        raise AnnotationError(f'the annotation {path} names no video')
    for video in videos:
        video.drop_repeats()
    return videos


def dropped_segments(videos: Iterable[AnnotatedVideo], path: str | os.PathLike[str]) -> str | None:
    """Say in words how many segments of videos were left out, None if none were."""
    total, repeated, short, example = 0, 0, 0, ''
    for video in videos:
        gone = video.repeated + video.too_short
        total += len(video.segments) + gone
        repeated, short = repeated + video.repeated, short + video.too_short
        if gone and not example:
            example = video.video_id
    if not example:
        return None
    return (
        f'{os.fspath(path)}: of {total} segments {repeated} repeat another (same label, both ends '
        f'within 1 ms) and {short} are shorter than 1 ms: these are left out, first in video '
        f'{example!r}'
    )


def classes_of(videos: Iterable[AnnotatedVideo]) -> tuple[str, ...]:
    """All labels in alphabetical order, the order of the usual class numbers."""
    return tuple(sorted({label for video in videos for label in video.labels}))


def of_subsets(
    videos: Sequence[AnnotatedVideo], subsets: Sequence[str], path: str | os.PathLike[str]
) -> list[AnnotatedVideo]:
    """The videos of some subsets, upper and lower case alike.

    Raises:
        AnnotationError: There is none; the message names the subsets that there are.
    """
    wanted = {each.lower() for each in subsets}
    chosen = [video for video in videos if video.subset in wanted]
    if not chosen:
        known = ', '.join(sorted({repr(video.subset) for video in videos}))
        raise AnnotationError(
            f'{os.fspath(path)} has no videos of subset {" or ".join(sorted(wanted))}, only of '
            f'{known}'
        )
    return chosen


def find_segment_fault(
    video: AnnotatedVideo,
    classes: Sequence[str],
    duration: float,
    tolerance: float = 0.5,
    allow_empty: bool = False,
) -> str | None:
    """Say what is wrong with a video's annotation, None if nothing is.

    Args:
        video: What is written.
        classes: Known names.
        duration: Of the video, in seconds.
        tolerance: A segment may pass the end of the video by so many seconds: annotators'
            players and decoders round differently.
        allow_empty: Whether a video may have no segment.
    """
    if not video.segments and not allow_empty:
        short = f' but {video.too_short} shorter than 1 ms' if video.too_short else ''
        return f'it has no segments{short}; for videos of background alone set allow_empty=True'
    known = set(classes)
    for (start, end), label, line in zip_longest(video.segments, video.labels, video.lines):
        told = f'segment [{start:g}, {end:g}] {label!r}' + (f' in line {line}' if line else '')
        if not (math.isfinite(start) and math.isfinite(end)):
            return f'{told} is no time in seconds'
        if end <= start:
            return f'{told} ends before it has begun'
        if start < -tolerance or end <= 0:
            return f'{told} begins before the video'
        if start >= duration or end > duration + tolerance:
            return f'{told} lies beyond the video, which lasts {duration:.2f} s'
        if label not in known:
            some = ', '.join(map(repr, list(classes)[:5])) + (', ...' if len(classes) > 5 else '')
            return f'{told} has an unknown label; the {len(classes)} classes are {some}'
    return None


def _read_json(path: Path) -> list[AnnotatedVideo]:
    content = read_json(path, 'annotation')
    database = content.get('database') if isinstance(content, dict) else None
    if not isinstance(database, dict):
        raise AnnotationError(
            f'{path} is not in the layout of ActivityNet: it has no object "database" of videos'
        )
    return [_json_video(str(name), entry, path) for name, entry in database.items()]


def _json_video(name: str, entry: Any, path: Path) -> AnnotatedVideo:
    where = f'{path}: video {name!r}'
    if not isinstance(entry, dict) or not isinstance(entry.get('annotations', []), list):
        raise AnnotationError(f'{where} is no object with a list "annotations"')
    video = AnnotatedVideo(
        name,
        str(path),
        str(entry.get('subset', '')).lower(),
        _positive(entry.get('duration'), 'duration', where),
        _positive(entry.get('fps'), 'fps', where),
    )
    for each in entry.get('annotations', []):
        times = each.get('segment') if isinstance(each, dict) else None
        if not isinstance(times, list) or len(times) != 2 or 'label' not in each:
            raise AnnotationError(f'{where}: {each!r} is no {{"segment": [start, end], "label"}}')
        start, end = (_number(value, 'segment', where) for value in times)
        label = each['label']
        if isinstance(label, bool) or not isinstance(label, str | int) or not str(label).strip():
            raise AnnotationError(f'{where}: label {label!r} of [{start:g}, {end:g}] is no name')
        video.segments.append((start, end))
        video.labels.append(str(label))
    return video


def _read_csv(path: Path) -> list[AnnotatedVideo]:
    rows = list(read_rows(path, 'annotation'))
    columns: Sequence[str] = _COLUMNS
    if rows and 'video' in [cell.lower() for cell in rows[0][1]]:
        number, header = rows.pop(0)
        columns = [cell.lower() for cell in header]
        if not set(_COLUMNS) <= set(columns) <= {*_COLUMNS, *_MORE_COLUMNS}:
            raise AnnotationError(
                f'{path}:{number}: the columns must be {",".join(_COLUMNS)} and may be '
                f'{", ".join(_MORE_COLUMNS)}, got {",".join(columns)}'
            )
    videos: dict[str, AnnotatedVideo] = {}
    for number, row in rows:
        where = f'{path}:{number}'
        if len(row) != len(columns):
            raise AnnotationError(
                f'{where}: {len(row)} fields, expected {len(columns)}: {",".join(columns)}'
            )
        _add_row(videos, dict(zip(columns, row, strict=True)), path, number)
    return list(videos.values())


def _add_row(
    videos: dict[str, AnnotatedVideo], row: Mapping[str, str], path: Path, line: int
) -> None:
    """Add one line of a CSV file to its video."""
    where, name = f'{path}:{line}', row['video']
    if not name:
        raise AnnotationError(f'{where}: the name of the video is missing')
    video = videos.setdefault(name, AnnotatedVideo(name, where))
    said = (
        ('subset', row.get('subset', '').lower() or None),
        ('duration', _positive(row.get('duration') or None, 'duration', where)),
        ('fps', _positive(row.get('fps') or None, 'fps', where)),
    )
    for key, value in said:
        before = getattr(video, key)
        if value is not None and before not in (None, '', value):
            raise AnnotationError(
                f'{where}: video {name!r} has {key} {value!r}, and {before!r} in another line'
            )
        if value is not None:
            setattr(video, key, value)
    if row['start'] or row['end'] or row['label']:
        if not row['label']:
            raise AnnotationError(f'{where}: the label of a segment of {name!r} is missing')
        video.segments.append(
            (_number(row['start'], 'start', where), _number(row['end'], 'end', where))
        )
        video.labels.append(row['label'])
        video.lines.append(line)


def _read_thumos(folder: Path) -> list[AnnotatedVideo]:
    videos: dict[str, AnnotatedVideo] = {}
    for file, label, subset in _thumos_files(folder):
        for number, line in numbered_lines(file, 'annotation'):
            where = f'{file}:{number}'
            fields = line.split()
            if len(fields) != 3:
                raise AnnotationError(f'{where}: expected "video start end", got {shown(line)}')
            video = videos.setdefault(fields[0], AnnotatedVideo(fields[0], where, subset))
            video.segments.append(
                (_number(fields[1], 'start', where), _number(fields[2], 'end', where))
            )
            video.labels.append(label)
            video.lines.append(number)
    return list(videos.values())


def _thumos_files(folder: Path) -> Iterator[tuple[Path, str, str]]:
    """(file, class, subset) of the annotation files of a folder."""
    for file in sorted(folder.glob('*.txt')):
        label, _, short = file.stem.rpartition('_')
        if short in _THUMOS_SUBSETS and label and label.lower() != 'ambiguous':
            yield file, label, _THUMOS_SUBSETS[short]


def _number(value: Any, name: str, where: str) -> float:
    try:
        if isinstance(value, bool):
            raise TypeError
        return float(value)
    except (TypeError, ValueError):
        raise AnnotationError(f'{where}: {name} {value!r} is no number of seconds') from None


def _positive(value: Any, name: str, where: str) -> float | None:
    """A number above 0, None for None."""
    if value is None:
        return None
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = math.nan
    if not (math.isfinite(number) and number > 0):
        raise AnnotationError(f'{where}: {name} must be a positive number, got {value!r}')
    return number
