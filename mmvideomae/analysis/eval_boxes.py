"""Compare a file of predicted boxes with an annotation."""

import os
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np

from mmvideomae.evaluation.box_ap import BoxTable
from mmvideomae.evaluation.frame_map import evaluate_boxes
from mmvideomae.evaluation.segment_ap import places_in_group
from mmvideomae.formats.annotations import AnnotationError
from mmvideomae.formats.box_annotations import (
    Box,
    KeyFrame,
    find_box_fault,
    key_frame,
    parse_integer,
    parse_number,
    parse_place,
    read_box_rows,
    read_boxes,
    read_excluded,
)
from mmvideomae.formats.label_maps import read_label_map

_LAYOUT = 'video,second,x1,y1,x2,y2,id,score'
PROTOCOLS = {'official': (-np.inf, False), 'mmaction2': (0.002, True)}
"""Score that lines must exceed, and whether to ignore key frames without a true box."""


class _Found(NamedTuple):
    """The content of a file of results."""

    rows: list[tuple[KeyFrame, Box, int, float]]
    """Key frame, box, id and score of each line."""
    without_score: int
    """Number of lines without a score, which count as 1."""


def evaluate_box_files(
    results: str | os.PathLike[str],
    annotations: str | os.PathLike[str],
    label_map: str | os.PathLike[str],
    excluded: str | os.PathLike[str] | None = None,
    iou_threshold: float = 0.5,
    protocol: str = 'official',
) -> dict[str, Any]:
    """The results of `evaluate_boxes` for files, with notes.

    Ids that the label map does not name are not evaluated (AVA's names 60 of 80).  Excluded
    key frames are ignored.  In AVA's own protocol, every line counts, and predictions on key
    frames without a true box of these ids are wrong; mmaction2's ignores lines with scores up
    to 0.002 and such key frames.

    Returns:
        Also ``protocol``; ``without_truth``, the number of such key frames; ``ignored``, the
        number of those that are ignored; and ``notes``, in words.

    Raises:
        AnnotationError: A file cannot be read or is malformed.
        ValueError: The results share no key frame with the annotation, no true boxes are left,
            or the protocol is unknown.
    """
    if protocol not in PROTOCOLS:
        raise ValueError(f'protocol must be one of {", ".join(PROTOCOLS)}, got {protocol!r}')
    score_threshold, ignore_empty = PROTOCOLS[protocol]
    names = read_label_map(label_map)
    columns = {number: column for column, number in enumerate(names.names)}
    gone = read_excluded(excluded) if excluded is not None else set()
    rows = read_boxes(annotations, names)
    kept = [row for row in rows if row.label in columns and (row.video_id, row.second) not in gone]
    numbers = {moment: place for place, moment in enumerate(dict.fromkeys(r[:2] for r in kept))}
    truths = _table(
        ((numbers[row[:2]], row.box, columns[row.label], 1.0) for row in kept), len(columns), 0.0
    )
    known = len(numbers)
    found = _read_results(results, names.num_classes)
    predictions = _table(
        (
            (numbers.setdefault(moment, len(numbers)), box, columns[number], score)
            for moment, box, number, score in found.rows
            if number in columns and moment not in gone
        ),
        len(columns),
        absent=-np.inf,
    )
    others = list(numbers)[known:]
    if others and int(predictions.frames[0]) >= known:
        video, second = min(others)
        raise ValueError(
            f'{os.fspath(results)}: none of its key frames, such as second {second:g} of '
            f'{video!r}, is in {os.fspath(annotations)}'
        )
    evaluation = evaluate_boxes(
        predictions, truths, names.names, iou_threshold, score_threshold, ignore_empty
    )
    return {
        **evaluation,
        'protocol': protocol,
        'without_truth': len(others),
        'ignored': len(others) if ignore_empty else 0,
        'notes': _notes(found, len(others), ignore_empty, results),
    }


def _notes(
    found: _Found, others: int, ignore_empty: bool, results: str | os.PathLike[str]
) -> list[str]:
    """Notes about the results, in words."""
    notes = []
    if found.without_score:
        notes.append(
            f'{found.without_score} of {len(found.rows)} lines of {os.fspath(results)} have no '
            'score and count as 1: average precision depends on the order of lines, and equal '
            'scores keep the order of the file'
        )
    if others:
        told = 'left out' if ignore_empty else 'wrong (the protocol of mmaction2 leaves them out)'
        notes.append(
            f'{others} key frames of the results have no annotation of the evaluated classes: '
            f'predictions there are {told}'
        )
    return notes


def _read_results(path: str | os.PathLike[str], num_classes: int) -> _Found:
    """Read a file of results.

    Raises:
        AnnotationError: A line is malformed, or the file has none.
    """
    rows: list[tuple[KeyFrame, Box, int, float]] = []
    without_score = 0
    for number, row in read_box_rows(path, 'results'):
        try:
            if len(row) not in (7, 8):
                raise ValueError(f'{len(row)} fields, expected {_LAYOUT}')
            video, second, box = parse_place(row)
            label = parse_integer(row[6], 'id')
            stated = len(row) == 8 and row[7] != ''
            score = parse_number(row[7], 'score') if stated else 1.0
            without_score += not stated
            if fault := find_box_fault(box):
                raise ValueError(fault)
        except ValueError as error:
            told = ','.join(row)
            raise AnnotationError(f'{os.fspath(path)}:{number}: {error}: {told!r}') from None
        if not 1 <= label <= num_classes:
            raise AnnotationError(
                f'{os.fspath(path)}:{number}: id {label} is outside 1..{num_classes} of the label '
                'map (ids start at 1)'
            )
        rows.append((key_frame(video, second), box, label, score))
    if not rows:
        raise AnnotationError(f'{os.fspath(path)} has no results; its lines must be {_LAYOUT}')
    return _Found(rows, without_score)


def _table(
    rows: Iterable[tuple[int, Box, int, float]], num_classes: int, absent: float
) -> BoxTable:
    """One row for each box, with its scores as columns.

    A box with several scores for one class has several rows.

    Args:
        rows: Number of the key frame, box, column of the class and score.
        absent: Score of classes for which a box has no row.
    """
    places: dict[tuple[int, Box], int] = {}  # rows of boxes
    listed = [
        (places.setdefault((frame, box), len(places)), column, score)
        for frame, box, column, score in rows
    ]
    mine = np.array([each[0] for each in listed], np.int64)
    columns = np.array([each[1] for each in listed], np.int64)
    copies = places_in_group(mine * num_classes + columns)
    most = int(copies.max(initial=0)) + 1
    keys, inverse = np.unique(mine * most + copies, return_inverse=True)
    values = np.full((len(keys), num_classes), absent)
    values[inverse, columns] = [each[2] for each in listed]
    frames = np.array([frame for frame, _ in places], np.int64)[keys // most]
    boxes = np.array([box for _, box in places], np.float64).reshape(-1, 4)[keys // most]
    order = np.argsort(frames, kind='stable')
    return BoxTable(frames[order], boxes[order], values[order])
