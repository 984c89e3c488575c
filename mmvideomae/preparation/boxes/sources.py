"""Read your own boxes, written by hand or by a labelling tool, from CSV or COCO's JSON."""

import re
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from mmvideomae.formats import text_files
from mmvideomae.formats.box_annotations import Box, parse_place, parse_second, read_box_rows
from mmvideomae.formats.text_files import AnnotationError, read_json, shown

COLUMNS = ('video', 'second', 'x1', 'y1', 'x2', 'y2', 'label', 'person')
_LAYOUT = 'video,second,x1,y1,x2,y2,label[,person]'
_VIDEO_KEYS = ('video', 'video_name', 'video_id')
_SECOND_KEYS = ('second', 'timestamp')
_FRAME_KEYS = ('frame', 'frame_id', 'frame_number')
_PERSON_KEYS = ('person', 'person_id', 'track_id', 'instance_id')


@dataclass(frozen=True)
class SourceRow:
    """One box with one label, as in the file.

    Attributes:
        where: The place in the file, for messages.
        video: Name of the video, with or without folders and extension.
        box: x1, y1, x2, y2 in pixels or relative to the frame.
        label: Name or number of a class.
        second: Time of the key frame; None if ``frame`` is given.
        frame: Number of the key frame.
        fps: Frames per second that ``frame`` counts; None: those of the video.
        person: Name or number of the person, '' if unknown.
        size: Width and height of the frame in pixels, if the file has them.
    """

    where: str
    video: str
    box: Box
    label: str
    second: float | None = None
    frame: int | None = None
    fps: float | None = None
    person: str = ''
    size: tuple[float, float] | None = None


@dataclass(frozen=True)
class BoxSource:
    """The rows of one file.

    Attributes:
        path: The file.
        pixels: Whether boxes are in pixels.
        rows: At least one row.
        classes: Names keyed by id, if the file lists them.
    """

    path: Path
    pixels: bool
    rows: list[SourceRow]
    classes: dict[int, str] = field(default_factory=dict)


def read_source(path: Path, pixels: bool = False, fps: float | None = None) -> BoxSource:
    """Read ``.json`` as COCO's format and anything else as CSV.

    Args:
        pixels: Whether boxes of a CSV file are in pixels; those of COCO always are.
        fps: Frames per second that COCO's frame numbers count, if the file does not say.

    Raises:
        AnnotationError: The file is missing or empty, or something in it is malformed; the
            message says where.
        ValueError: ``fps`` is not positive.
    """
    if fps is not None and not fps > 0:
        raise ValueError(f'frames per second must be positive, got {fps}')
    if path.suffix.lower() == '.json':
        source = _read_coco(path, fps)
    else:
        source = BoxSource(path, pixels, list(_read_csv(path)))
    if not source.rows:
        raise AnnotationError(f'{path} has no box')
    if source.pixels and max(max(row.box) for row in source.rows) <= 1:
        raise AnnotationError(
            f'{path}: no box reaches beyond the first pixel: are they shares of the frame? '
            '(CSV files may have such boxes, without --pixels)'
        )
    return source


def _read_csv(path: Path) -> Iterator[SourceRow]:
    _check_header(path)
    for number, row in read_box_rows(path, 'file of boxes'):
        where = f'{path}:{number}'
        try:
            if len(row) not in (7, 8):
                raise ValueError(f'{len(row)} fields, expected {_LAYOUT}')
            video, second, box = parse_place(row)
            if not row[6]:
                raise ValueError('the label is missing')
        except ValueError as error:
            raise AnnotationError(f'{where}: {error}: {",".join(row)!r}') from None
        person = row[7] if len(row) == 8 and row[7] != '-1' else ''  # -1 is AVA's unknown person
        yield SourceRow(where, video, box, row[6], second, person=person)


def _check_header(path: Path) -> None:
    """Refuse a header with unexpected columns."""
    number, row = next(text_files.read_rows(path, 'file of boxes', names_files=True), (1, []))
    names = [field.lower() for field in row]
    is_header = bool(row) and not any(re.fullmatch(r'[-+.\d]+', name) for name in names[1:])
    if is_header and tuple(names) not in (COLUMNS, COLUMNS[:-1]):
        raise AnnotationError(
            f'{path}:{number}: the columns must be {_LAYOUT}, got {shown(",".join(row))}'
        )


def _read_coco(path: Path, fps: float | None) -> BoxSource:
    content = read_json(path, 'file of boxes')
    images, annotations, categories = (
        _table(content, key, path) for key in ('images', 'annotations', 'categories')
    )
    names = _categories(categories, path)
    videos = {each.get('id'): each for each in _table(content, 'videos', path, required=False)}
    moments: dict[Any, dict[str, Any]] = {}
    for number, image in enumerate(images):
        moments[image.get('id')] = _moment(image, videos, fps, f'{path}: image {number}')
    rows = []
    for number, annotation in enumerate(annotations):
        where = f'{path}: annotation {number}'
        image_id, category = annotation.get('image_id'), annotation.get('category_id')
        if image_id not in moments:
            raise AnnotationError(f'{where}: no image has the id {image_id!r} (image_id)')
        if category not in names:
            raise AnnotationError(f'{where}: no category has the id {category!r} (category_id)')
        rows.append(
            SourceRow(
                where,
                box=_corners(annotation, where),
                label=names[category],
                person=str(_first(annotation, _PERSON_KEYS, '')),
                **moments[image_id],
            )
        )
    # If a file counts its categories from 0, ids are these numbers plus one.
    shift = 1 if min(names, default=1) == 0 else 0
    return BoxSource(path, True, rows, {number + shift: name for number, name in names.items()})


def _table(content: Any, key: str, path: Path, required: bool = True) -> list[dict[str, Any]]:
    """A list of objects in a COCO file."""
    table = content.get(key) if isinstance(content, dict) else None
    if table is None and isinstance(content, dict) and not required:
        return []
    if not isinstance(table, list) or not all(isinstance(each, dict) for each in table):
        raise AnnotationError(
            f'{path} has no list of {key}: a JSON file of boxes has images, annotations and '
            'categories as in COCO'
        )
    for number, each in enumerate(table):
        for name in ('id', 'image_id', 'category_id', *_VIDEO_KEYS):
            if not isinstance(each.get(name), Hashable):
                raise AnnotationError(f'{path}: {key} {number}: {name} {each[name]} is not an id')
    return table


def _categories(categories: list[dict[str, Any]], path: Path) -> dict[int, str]:
    names: dict[int, str] = {}
    for category in categories:
        number, name = category.get('id'), category.get('name')
        if not isinstance(number, int) or number < 0 or not isinstance(name, str) or not name:
            raise AnnotationError(
                f'{path}: {category} is not a category: it needs an id from 0 on and a name'
            )
        if number in names or name in names.values():
            raise AnnotationError(f'{path}: two categories have the id or the name of {category}')
        names[number] = name
    return names


def _moment(
    image: Mapping[str, Any], videos: Mapping[Any, Mapping[str, Any]], fps: float | None, where: str
) -> dict[str, Any]:
    """Video, time and size of an image."""
    video = _first(image, _VIDEO_KEYS)
    listed = videos.get(video, {})
    video = _first(listed, ('name', 'file_name'), video)
    second, frame = _first(image, _SECOND_KEYS), _first(image, _FRAME_KEYS)
    named_video, named_frame = _parse_name(str(image.get('file_name', '')))
    video = named_video if video is None else str(video)
    frame = named_frame if frame is None else frame
    if not video or (second is None and not isinstance(frame, int)):
        raise AnnotationError(
            f'{where}: the video and moment are unknown: it needs "video" and "second" or '
            f'"frame", or a file_name such as VIDEO/000123.jpg: {dict(image)}'
        )
    sides = image.get('width'), image.get('height')
    known = all(isinstance(side, int | float) and side > 0 for side in sides)
    rate = image.get('fps', listed.get('fps', fps))
    if rate is not None and not (isinstance(rate, int | float) and rate > 0):
        raise AnnotationError(f'{where}: fps {rate!r} is not a positive number')
    try:
        second = None if second is None else parse_second(str(second))
    except ValueError as error:
        raise AnnotationError(f'{where}: {error}') from None
    frame = frame if second is None else None
    return {
        'video': video,
        'second': second,
        'frame': frame,
        'fps': rate,
        'size': sides if known else None,
    }


def _parse_name(name: str) -> tuple[str, int | None]:
    """``VIDEO/img_00012.jpg`` or ``VIDEO_00012.jpg`` -> video and number of the frame."""
    path = PurePosixPath(name)
    folder, stem = ('' if str(path.parent) == '.' else str(path.parent)), path.stem
    found = re.fullmatch(r'(.*?)_?(\d+)', stem)
    if found is None:
        return folder, None
    return folder or found.group(1), int(found.group(2))


def _corners(annotation: Mapping[str, Any], where: str) -> Box:
    try:
        x, y, width, height = map(float, annotation['bbox'])
    except (KeyError, TypeError, ValueError):
        raise AnnotationError(
            f'{where} has no "bbox": [x, y, width, height] in pixels: {dict(annotation)}'
        ) from None
    return x, y, x + width, y + height


def _first(item: Mapping[str, Any], keys: tuple[str, ...], default: Any = None) -> Any:
    """The value of the first key that exists."""
    return next((item[key] for key in keys if item.get(key) is not None), default)
