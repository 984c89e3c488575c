"""Compare a file of predicted segments with an annotation."""

import math
import os
import shlex
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mmvideomae.evaluation.segment_map import evaluate_segments, tables_of
from mmvideomae.formats.annotated_videos import (
    AnnotatedVideo,
    classes_of,
    dropped_segments,
    find_segment_fault,
    of_subsets,
)
from mmvideomae.formats.annotations import AnnotationError
from mmvideomae.formats.segment_annotations import read_segments
from mmvideomae.formats.text_files import read_json, shown

_LAYOUT = '{"segment": [start, end], "score", "label"}'
Results = Mapping[str, list[dict[str, Any]]]


def evaluate_segment_files(
    results: str | os.PathLike[str],
    annotations: str | os.PathLike[str],
    subsets: Sequence[str] | None = None,
    iou_thresholds: Sequence[float] = (0.3, 0.4, 0.5, 0.6, 0.7),
    errors_at: float = 0.5,
) -> dict[str, Any]:
    """Everything that `evaluate_segments` measures, and ``notes``, what one should know of it.

    Segments of videos without predictions count as missed.  Predictions of videos of other
    subsets are left out.  Both are noted.

    Raises:
        AnnotationError: The annotation cannot be read, has no such subset or a segment that ends
            before it has begun.
        ValueError: The results are not in the layout, of videos and classes that the annotation
            does not know, or of some of its subsets alone while ``subsets`` says nothing.
    """
    found = _read_results(Path(results))
    every = read_segments(annotations)
    classes = classes_of(every)
    if unknown := sorted(set(found) - {video.video_id for video in every}):
        more = f'and {len(unknown) - 1} more are' if unknown[1:] else 'is'
        raise ValueError(
            f'{os.fspath(results)}: video {unknown[0]!r} {more} not in {os.fspath(annotations)}'
        )
    if not subsets:
        _check_subsets(found, every, results)
    videos = of_subsets(every, subsets, annotations) if subsets else every
    numbers = {name: number for number, name in enumerate(classes)}
    rows = []
    for video in videos:
        mine = found.get(video.video_id, [])
        if fault := find_segment_fault(video, classes, math.inf, allow_empty=True):
            raise AnnotationError(f'{video.where}: video {video.video_id!r}: {fault}')
        if strange := sorted({str(each['label']) for each in mine} - set(numbers)):
            raise ValueError(
                f'{os.fspath(results)}: video {video.video_id!r} has the unknown label '
                f'{strange[0]!r}'
            )
        rows.append(
            {
                'segments': np.array([each['segment'] for each in mine], float).reshape(-1, 2),
                'labels': np.array([numbers[str(each['label'])] for each in mine], np.int64),
                'scores': np.array([each['score'] for each in mine], float),
                'gt_seconds': np.array(video.segments, float).reshape(-1, 2),
                'gt_labels': np.array([numbers[label] for label in video.labels], np.int64),
            }
        )
    evaluation = evaluate_segments(*tables_of(rows), classes, iou_thresholds, errors_at=errors_at)
    return {**evaluation, 'notes': _notes(found, videos, annotations)}


def _check_subsets(
    found: Results, videos: Sequence[AnnotatedVideo], path: str | os.PathLike[str]
) -> None:
    """Refuse results for only some subsets: the rest would count as missed.

    Raises:
        ValueError: See above.
    """
    annotated = Counter(video.subset for video in videos if video.segments)
    covered = Counter(v.subset for v in videos if v.segments and v.video_id in found)
    absent = [name for name in annotated if not covered[name]]
    if not absent or not covered:
        return
    told = ', '.join(
        f'of {name!r} {covered[name]} of {count} annotated videos'
        for name, count in annotated.items()
    )
    raise ValueError(
        f'{os.fspath(path)} has no results of whole subsets ({told}), whose segments would all '
        f'count as missed: use --subset {shlex.join(covered)}, or --subset '
        f'{shlex.join(annotated)} if this is intended'
    )


def _notes(
    found: Results, videos: Sequence[AnnotatedVideo], annotations: str | os.PathLike[str]
) -> list[str]:
    """Notes about ignored and missing results, in words."""
    notes = []
    if dropped := dropped_segments(videos, annotations):
        notes.append(dropped)
    annotated = [video.video_id for video in videos if video.segments]
    if missing := [name for name in annotated if name not in found]:
        notes.append(
            f'{len(missing)} of {len(annotated)} annotated videos, such as {missing[0]!r}, have '
            'no results: their segments count as missed'
        )
    if others := sorted(set(found) - {video.video_id for video in videos}):
        notes.append(
            f'the results of {len(others)} videos of other subsets, such as {others[0]!r}, are '
            'left out'
        )
    return notes


def _read_results(path: Path) -> Results:
    """The predictions of each video."""
    content = read_json(path, 'results')
    found = content.get('results') if isinstance(content, dict) else None
    if not isinstance(found, dict):
        raise ValueError(f'{path} is not in ActivityNet\'s format: it has no object "results"')
    for name, rows in found.items():
        if not isinstance(rows, list):
            raise ValueError(f'{path}: video {name!r} has no list of {_LAYOUT}')
        for row in rows:
            if fault := _fault_of(row):
                raise ValueError(f'{path}: video {name!r}: {shown(str(row))} {fault}')
    return found


def _fault_of(row: Any) -> str | None:
    """What is wrong with one prediction; None if nothing is."""
    if not isinstance(row, dict) or not isinstance(row.get('segment'), list):
        return f'is not {_LAYOUT}'
    if missing := sorted({'score', 'label'} - set(row)):
        return f'has no {" and no ".join(missing)}: every segment needs {_LAYOUT}'
    numbers = [*row['segment'], row['score']]
    if len(numbers) != 3 or not all(
        isinstance(value, int | float) and math.isfinite(value) for value in numbers
    ):
        return f'is not {_LAYOUT} with three finite numbers'
    if not isinstance(row['label'], str | int):
        return 'has a label that is not the name of a class'
    return 'ends before it begins' if row['segment'][1] < row['segment'][0] else None
