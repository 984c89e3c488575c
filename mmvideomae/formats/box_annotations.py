"""Boxes of people and their actions at key frames of videos, in AVA's file format.

**Boxes**: lines ``video,second,x1,y1,x2,y2,label``, optionally followed by the number of the
person, ``video,second,x1,y1,x2,y2,label,person`` (AVA 2.2).  Boxes are relative to the frame, in
[0, 1]; a label is an id of the label map; a box with several actions has several lines.  A header
with these names is skipped, as are lines of AVA-Kinetics for a moment without a box
(``video,second`` or ``video,second,,,,,``).  A negative person is unknown.

**Excluded moments**: lines ``video,second``.

Label maps are read by `label_maps`, boxes of a person detector by `proposals`.
"""

import math
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from mmvideomae.formats import text_files
from mmvideomae.formats.label_maps import LabelMap
from mmvideomae.formats.text_files import AnnotationError, row_line
from mmvideomae.ops.seconds import second_text
from mmvideomae.storage import write_text

KeyFrame = tuple[str, float]
"""(video, second), rounded to milliseconds, so that differently written seconds compare equal."""

Box = tuple[float, float, float, float]
"""x1, y1, x2, y2 relative to the frame."""

_SLACK = 1e-4  # by which rounding may move the edge of a box beyond the frame
_LAYOUT = 'video,second,x1,y1,x2,y2,label[,person]'
_PLACE = ('video', 'video_id', 'second', 'timestamp', 'middle_frame_timestamp')
_BOX = ('x1', 'y1', 'x2', 'y2', 'score', 'person', 'person_id', 'entity_id')
_LABEL = ('label', 'id', 'class', 'action', 'action_id')
_TABLE = ('path', 'start_second', 'fps')  # columns of a table of videos
_COLUMNS = frozenset(_PLACE + _BOX + _LABEL + _TABLE)


class BoxLabel(NamedTuple):
    """One line of an annotation: a box and one of its actions.

    Attributes:
        video_id: Name of the video.
        second: Time of the key frame, on the data set's time line.
        box: x1, y1, x2, y2 relative to the frame.
        label: Id of the action, from 1 on.
        person: Number of the person, None if unknown.
        line: Number of the line in the file, 0 if it is not from a file.
    """

    video_id: str
    second: float
    box: Box
    label: int
    person: int | None = None
    line: int = 0


def key_frame(video_id: str, second: float) -> KeyFrame:
    """The moment of a video, normalised, so that equal moments compare equal."""
    return video_id, round(float(second), 3)


def read_boxes(
    path: str | os.PathLike[str],
    label_map: LabelMap | None = None,
    num_classes: int | None = None,
    strict: bool = True,
) -> list[BoxLabel]:
    """Read boxes with labels; of repeated lines, the first is kept.

    Args:
        path: See the module.
        label_map: Labels must not exceed its largest id.  Smaller ids that it does not name are
            not an error.
        num_classes: The largest id if there is no map.
        strict: Labels and boxes must be valid (`find_row_fault`); False accepts all that can be
            read.

    Raises:
        AnnotationError: The file is missing or has no boxes, or a line is malformed; the message
            gives file:line and the value.
    """
    if label_map is not None:
        num_classes = label_map.class_count(num_classes)
    rows: dict[tuple[object, ...], BoxLabel] = {}
    for row in scan_boxes(path):
        if isinstance(row, AnnotationError):
            raise row
        fault = find_row_fault(row, num_classes, label_map) if strict else None
        if fault is not None:
            raise AnnotationError(f'{os.fspath(path)}:{row.line}: {fault}')
        rows.setdefault(row[:5], row)  # everything except the line number
    if not rows:
        raise AnnotationError(f'{os.fspath(path)} has no box; its lines must be {_LAYOUT}')
    return list(rows.values())


def scan_boxes(path: str | os.PathLike[str]) -> Iterator[BoxLabel | AnnotationError]:
    """Every line of an annotation as it is; a malformed line gives an error object instead.

    Labels and boxes are not checked (see `find_row_fault`), and repeated lines are kept.

    Raises:
        AnnotationError: The file cannot be read.
    """
    for number, row in read_box_rows(path, 'annotation'):
        if not any(row[2:]) and len(row) >= 2 and row[0] and row[1]:
            continue  # AVA-Kinetics: there are no actions at this moment
        try:
            if len(row) not in (7, 8):
                raise ValueError(f'{len(row)} fields, expected {_LAYOUT}')
            video, second, box = parse_place(row)
            label = parse_integer(row[6], 'label')
            person = parse_integer(row[7], 'person') if len(row) == 8 and row[7] else -1
            yield BoxLabel(video, second, box, label, None if person < 0 else person, number)
        except ValueError as error:
            yield AnnotationError(f'{os.fspath(path)}:{number}: {error}: {",".join(row)!r}')


def find_row_fault(
    row: BoxLabel, num_classes: int | None = None, label_map: LabelMap | None = None
) -> str | None:
    """Say what is wrong with a line that can be parsed; None if nothing is."""
    if row.label < 1:
        return f'label {row.label}: ids start at 1 (the background has no lines)'
    if num_classes is not None and row.label > num_classes:
        origin = f'the {num_classes} classes of {label_map.path}' if label_map else ''
        return (
            f'label {row.label} is above {origin or f"num_classes={num_classes}"}; use the label '
            'map of these annotations, or set num_classes'
        )
    return find_box_fault(row.box)


def find_box_fault(box: Sequence[float]) -> str | None:
    """Say what is wrong with a box relative to the frame; None if nothing is."""
    x1, y1, x2, y2 = box
    if 0 <= x1 <= x2 <= 1 and 0 <= y1 <= y2 <= 1:  # nearly all boxes: a shortcut
        return None
    told = f'box {x1:g},{y1:g},{x2:g},{y2:g}'
    if not all(-_SLACK <= value <= 1 + _SLACK for value in box):  # also catches NaN
        return f'{told} is outside [0, 1]: x1,y1,x2,y2 are shares of the frame, not pixels'
    if x2 < x1 or y2 < y1:
        return f'{told} is swapped: it needs x1 <= x2 and y1 <= y2 (not x,y,width,height)'
    return None


def write_boxes(path: str | os.PathLike[str], rows: Iterable[BoxLabel]) -> None:
    """Write AVA's lines, with persons if any is known and -1 for unknown ones."""
    rows = list(rows)
    with_persons = any(row.person is not None for row in rows)
    lines = []
    for row in rows:
        person = [-1 if row.person is None else row.person] if with_persons else []
        place = [row.video_id, second_text(row.second), *(round(v, 6) for v in row.box)]
        lines.append(row_line([*place, row.label, *person]))
    write_text(Path(path), ''.join(f'{line}\n' for line in lines))


def read_excluded(path: str | os.PathLike[str]) -> set[KeyFrame]:
    """Read the moments that a data set excludes; an empty file excludes none.

    Raises:
        AnnotationError: The file is missing, or a line is not ``video,second``.
    """
    excluded = set()
    for number, row in read_box_rows(path, 'list of excluded moments'):
        if len(row) != 2:
            raise AnnotationError(
                f'{os.fspath(path)}:{number}: {len(row)} fields, expected video,second: '
                f'{",".join(row)!r}'
            )
        try:
            excluded.add((parse_video(row[0]), parse_second(row[1])))
        except ValueError as error:
            raise AnnotationError(f'{os.fspath(path)}:{number}: {error}') from None
    return excluded


def read_box_rows(path: str | os.PathLike[str], what: str) -> Iterator[tuple[int, list[str]]]:
    """(line, fields) of a comma-separated file without blank lines, comments and header.

    A first line is a header only if all fields are names of columns, so that a malformed line
    with data is not skipped.

    Raises:
        AnnotationError: The file cannot be read, or a quotation mark is not closed in its line.
    """
    first = True
    for number, row in text_files.read_rows(path, what, names_files=True):
        if not (first and len(row) > 1 and _COLUMNS.issuperset(map(str.lower, row))):
            yield number, row
        first = False


def parse_place(row: Sequence[str]) -> tuple[str, float, Box]:
    """Video, second and box from the first six fields; a ValueError says what is wrong."""
    try:
        x1, y1, x2, y2 = map(float, row[2:6])
    except ValueError:
        raise ValueError(f'box {",".join(row[2:6])!r} is not four numbers') from None
    return parse_video(row[0]), parse_second(row[1]), (x1, y1, x2, y2)


def parse_video(text: str) -> str:
    """The name of a video; a ValueError if it is empty."""
    if not text:
        raise ValueError('the name of the video is missing')
    return text


def parse_second(text: str) -> float:
    """Seconds, rounded as in `KeyFrame`; a ValueError if the text is not such a number."""
    try:
        second = round(float(text), 3)
    except ValueError:
        second = math.nan
    if not 0 <= second < math.inf:
        raise ValueError(f'timestamp {text!r} is not a number of seconds of at least 0')
    return second


def parse_integer(text: str, name: str) -> int:
    """A whole number; a ValueError, with the ``name`` of the field, if the text is not one."""
    try:
        return int(text)
    except ValueError:
        raise ValueError(f'{name} {text!r} is not a whole number') from None


def parse_number(text: str, name: str) -> float:
    """A finite number; a ValueError, with the ``name`` of the field, if the text is not one."""
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise ValueError(f'{name} {text!r} is not a number')
    return number
