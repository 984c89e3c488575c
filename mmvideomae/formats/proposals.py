"""Boxes of a person detector at the key frames of videos.

Three formats can be read; all give boxes relative to the frame with scores:

- **.pkl**, mmaction2's and FAIR's: ``{'VIDEO,0902': array (n, 5) or (n, 4)}`` of x1, y1, x2, y2
  in [0, 1] and a score.  Only NumPy arrays and plain containers are unpickled.
- **.json**, the detected boxes of AlphAction (``ava_val_det_person_bbox.json``): a list of COCO
  detections ``{"bbox": [x, y, width, height], "score": 0.98, ...}`` in pixels.  The moment and
  frame size of a detection are

  - its own ``video_id`` (or ``movie``), ``timestamp``, ``width`` and ``height``, or
  - those of its ``image_id`` in a table of COCO ``images``, ``{"id", "movie" (or "video_id"),
    "timestamp", "width", "height"}``, which is in the same file (then the detections are its
    ``annotations``) or in another one, such as AlphAction's ``ava_val_v2.2_min.json``.

    The right edge is x + width, as in COCO; AlphAction's own reader subtracts a pixel.  Detections
    whose ``category_id`` is not 1, COCO's person, are ignored.
- **.csv**: lines ``video,second,x1,y1,x2,y2[,score]`` in [0, 1], or the eight columns of
  SlowFast's detections, ``video,second,x1,y1,x2,y2,label,score``, of which the label is ignored.

Boxes without a score have score 1.
"""

import os
import pickle
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mmvideomae.formats.box_annotations import (
    KeyFrame,
    find_box_fault,
    key_frame,
    parse_number,
    parse_place,
    parse_second,
    parse_video,
    read_box_rows,
)
from mmvideomae.formats.text_files import AnnotationError, read_json
from mmvideomae.ops.seconds import second_text
from mmvideomae.storage import PickleError, read_pickle, replacing

Proposals = dict[KeyFrame, np.ndarray]
"""float32 (n, 5) for each key frame: x1, y1, x2, y2 relative to the frame, and the score."""

_PERSON = 1  # COCO's category
_LAYOUTS = (
    "use .pkl {'VIDEO,0902': array (n, 5)}, .json (a list of COCO detections with video_id, "
    'timestamp, width and height, or with image_id and a table of images) or .csv '
    '(video,second,x1,y1,x2,y2[,score])'
)


def read_proposals(
    path: str | os.PathLike[str], images: str | os.PathLike[str] | None = None
) -> Proposals:
    """Read detected boxes in the order of the file.

    Args:
        path: See the module.
        images: For a ``.json`` whose detections have only an ``image_id``: the COCO file with
            the table of images.

    Raises:
        AnnotationError: The file is missing, empty or in another format; a box is swapped or
            outside the frame, or a score outside [0, 1]; the message names file and place.
    """
    path = Path(path)
    readers: dict[str, Callable[[], Iterator[tuple[str, KeyFrame, Any]]]] = {
        '.pkl': lambda: _from_pickle(path),
        '.json': lambda: _from_json(path, images),
        '.csv': lambda: _from_csv(path),
    }
    read = readers.get({'.pickle': '.pkl'}.get(path.suffix.lower(), path.suffix.lower()))
    if read is None:
        raise AnnotationError(f'{path} is not a file of boxes: {_LAYOUTS}')
    parts: dict[KeyFrame, list[np.ndarray]] = {}
    try:
        for where, moment, boxes in read():
            parts.setdefault(moment, []).append(check_boxes(boxes, where))
    except OSError as error:
        file = error.filename or path  # the boxes, or the table of images
        raise AnnotationError(f'cannot read the boxes {file}: {error.strerror or error}') from error
    if not parts:
        raise AnnotationError(f'{path} has no boxes; {_LAYOUTS}')
    return {moment: _merged(boxes) for moment, boxes in parts.items()}


def write_proposals(path: str | os.PathLike[str], proposals: Mapping[KeyFrame, np.ndarray]) -> None:
    """Write mmaction2's format (``.pkl``), float32 (n, 5) for every key frame.

    The file is written atomically; its folder is created.
    """
    if Path(path).suffix.lower() not in ('.pkl', '.pickle'):
        raise AnnotationError(f'boxes must be written as .pkl, got {os.fspath(path)}')
    content = {}
    for (video, second), boxes in proposals.items():
        name = f'{video},{second_text(second)}'
        content[name] = check_boxes(boxes, f'{os.fspath(path)}: {name!r}')
    with replacing(Path(path)) as temporary, temporary.open('wb') as file:
        pickle.dump(content, file, protocol=4)


def _from_pickle(path: Path) -> Iterator[tuple[str, KeyFrame, Any]]:
    """(place, key frame, boxes) from mmaction2's format."""
    try:
        content = read_pickle(path)
    except PickleError as error:
        raise AnnotationError(f'{path} is not a pickle of boxes ({error}); {_LAYOUTS}') from None
    if not isinstance(content, dict):
        raise AnnotationError(
            f'{path} holds a {type(content).__name__}, not a dict of key frames; {_LAYOUTS}'
        )
    for name, boxes in content.items():
        video, comma, second = name.rpartition(',') if isinstance(name, str) else ('', '', '')
        where = f'{path}: {name!r}'
        if not comma:
            raise AnnotationError(f"{where} is not a key frame such as 'VIDEO,0902'; {_LAYOUTS}")
        if isinstance(boxes, list | tuple) and not all(map(_is_row, boxes)):
            raise AnnotationError(f'{where} is not a list of rows of numbers; {_LAYOUTS}')
        yield where, _moment(video, second, where), boxes


def _is_row(row: Any) -> bool:
    """Whether a row is short and flat; a pickle may contain the same list a billion times."""
    if isinstance(row, np.ndarray):
        return row.ndim == 1
    return (
        isinstance(row, list | tuple)
        and len(row) <= 5
        and all(isinstance(value, int | float | np.number) for value in row)
    )


def _from_csv(path: Path) -> Iterator[tuple[str, KeyFrame, Any]]:
    """(place, key frame, one box) of every line."""
    for number, row in read_box_rows(path, 'file of boxes'):
        where = f'{path}:{number}'
        try:
            if len(row) not in (6, 7, 8):
                raise ValueError(f'{len(row)} fields, expected video,second,x1,y1,x2,y2[,score]')
            video, second, box = parse_place(row)
            score = parse_number(row[-1], 'score') if len(row) > 6 else 1.0
        except ValueError as error:
            raise AnnotationError(f'{where}: {error}: {",".join(row)!r}') from None
        yield where, (video, second), [[*box, score]]


def _from_json(
    path: Path, images: str | os.PathLike[str] | None
) -> Iterator[tuple[str, KeyFrame, Any]]:
    """(place, key frame, one box) of every COCO detection of a person."""
    content = _load_json(path)
    detections = content.get('annotations') if isinstance(content, dict) else content
    if not isinstance(detections, list) or not all(isinstance(each, dict) for each in detections):
        raise AnnotationError(f'{path} is not a list of COCO detections; {_LAYOUTS}')
    table = _image_table(content, path)
    if images is not None:
        table.update(_image_table(_load_json(Path(images)), Path(images)))
    for number, detection in enumerate(detections):
        where = f'{path}: detection {number}'
        if detection.get('category_id', _PERSON) != _PERSON:
            continue
        image_id = detection.get('image_id')
        known = table.get(image_id, {}) if isinstance(image_id, Hashable) else {}
        image = {**known, **detection}
        moment, width, height = _moment_and_size(image, where)
        try:
            x, y, box_width, box_height = map(float, detection['bbox'])
            score = float(detection.get('score', 1.0))
        except (KeyError, TypeError, ValueError):
            raise AnnotationError(
                f'{where}: {detection!r} has no "bbox": [x, y, width, height] in pixels and no '
                '"score"'
            ) from None
        yield where, moment, [_shares(x, y, box_width, box_height, width, height, score, where)]


def _shares(
    x: float,
    y: float,
    box_width: float,
    box_height: float,
    width: float,
    height: float,
    score: float,
    where: str,
) -> list[float]:
    """Box and score of a detection in pixels; up to a pixel outside the frame is clipped."""
    inside = -1 <= x <= x + box_width <= width + 1 and -1 <= y <= y + box_height <= height + 1
    if not inside:
        raise AnnotationError(
            f'{where}: bbox {[x, y, box_width, box_height]} is outside its frame of '
            f'{width:g}x{height:g} pixels; it must be [x, y, width, height]'
        )
    edges = np.array([x / width, y / height, (x + box_width) / width, (y + box_height) / height])
    return [*edges.clip(0, 1).tolist(), score]


def _load_json(path: Path) -> Any:
    try:
        return read_json(path, 'file of boxes')
    except AnnotationError as error:
        raise AnnotationError(f'{error}; {_LAYOUTS}') from None


def _image_table(content: Any, path: Path) -> dict[Any, dict[str, Any]]:
    """Moment and size of each id in the ``images`` of a COCO file."""
    images = content.get('images', []) if isinstance(content, dict) else []
    names = ('video_id', 'movie', 'timestamp', 'width', 'height')
    try:
        return {
            image['id']: {name: image[name] for name in names if name in image} for image in images
        }
    except (KeyError, TypeError):
        raise AnnotationError(f'{path}: "images" is not a list of images with "id"') from None


def _moment_and_size(image: Mapping[str, Any], where: str) -> tuple[KeyFrame, float, float]:
    """Key frame, width and height of a detection."""
    video = image.get('video_id', image.get('movie'))
    second = image.get('timestamp')
    sides: list[Any] = [image.get('width'), image.get('height')]
    if video is None or second is None:
        raise AnnotationError(
            f'{where} (image_id {image.get("image_id")!r}) has no video_id and timestamp, and '
            'no table of images has them: give the COCO file that lists the images '
            '(proposal_images, such as ava_val_v2.2_min.json)'
        )
    if not all(isinstance(side, (int, float)) and side > 0 for side in sides):
        raise AnnotationError(
            f'{where} has no width and height of its frame, which a bbox in pixels needs; got '
            f'{sides[0]!r} and {sides[1]!r}'
        )
    return _moment(str(video), str(second), where), float(sides[0]), float(sides[1])


def _moment(video: str, second: str, where: str) -> KeyFrame:
    try:
        return key_frame(parse_video(video), parse_second(second))
    except ValueError as error:
        raise AnnotationError(f'{where}: {error}') from None


def check_boxes(boxes: Any, where: str) -> np.ndarray:
    """Boxes and scores, float32 (n, 5), with valid values; missing scores are 1.

    Args:
        boxes: (n, 5) or (n, 4) relative to the frame, or empty.
        where: A description for messages.

    Raises:
        AnnotationError: It is not such an array, or a value is invalid.
    """
    try:
        rows = np.array(boxes, dtype=np.float32)
    except (TypeError, ValueError):
        rows = np.zeros(1, np.float32)
    rows = rows.reshape(0, 5) if rows.size == 0 else rows
    if rows.ndim != 2 or rows.shape[1] not in (4, 5):
        raise AnnotationError(
            f'{where} is not an array (n, 5) of x1, y1, x2, y2, score, or (n, 4) without; got '
            f'{str(boxes)[:60]!r}'
        )
    if rows.shape[1] == 4:
        rows = np.hstack([rows, np.ones((len(rows), 1), np.float32)])
    for row in rows[_doubtful(rows)]:
        fault = find_box_fault(row[:4])
        if fault is None and not 0 <= row[4] <= 1:
            fault = f'score {row[4]:g} is outside [0, 1]'
        if fault is not None:
            raise AnnotationError(f'{where}: {fault}')
    rows[:, :4] = rows[:, :4].clip(0, 1)
    return rows


def _doubtful(rows: np.ndarray) -> np.ndarray:
    """Which boxes (n, 5) to check individually; of millions in a file, nearly all are valid."""
    possible = ((rows >= 0) & (rows <= 1)).all(axis=1)
    return ~(possible & (rows[:, 2:4] >= rows[:, :2]).all(axis=1))


def _merged(parts: Sequence[np.ndarray]) -> np.ndarray:
    """All boxes of a key frame without repetitions."""
    rows = parts[0] if len(parts) == 1 else np.concatenate(parts)
    known = dict.fromkeys(map(tuple, rows.tolist()))
    return rows if len(known) == len(rows) else np.array(list(known), np.float32)
