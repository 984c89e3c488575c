"""Compare a file of predicted segments with an annotation."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mmvideomae.datasets.segment_annotations import classes_of, of_subsets, read_segments
from mmvideomae.datasets.text_files import read_json
from mmvideomae.evaluation.segment_map import evaluate_segments, tables_of


def evaluate_files(
    results: str | os.PathLike[str],
    annotations: str | os.PathLike[str],
    subsets: Sequence[str] | None = None,
    iou_thresholds: Sequence[float] = (0.3, 0.4, 0.5, 0.6, 0.7),
    errors_at: float = 0.5,
) -> dict[str, Any]:
    """Everything that `evaluate_segments` measures.

    Segments of videos without predictions count as missed.  Predictions of videos of other
    subsets are left out.

    Raises:
        AnnotationError: The annotation cannot be read or has no such subset.
        ValueError: The results are not in the layout, or of videos and classes that the
            annotation does not know.
    """
    found = _read_results(Path(results))
    videos = read_segments(annotations)
    classes = classes_of(videos)
    if unknown := sorted(set(found) - {video.video_id for video in videos}):
        raise ValueError(
            f'{os.fspath(results)}: video {unknown[0]!r} and {len(unknown) - 1} more are not in '
            f'{os.fspath(annotations)}'
        )
    if subsets:
        videos = of_subsets(videos, subsets, annotations)
    numbers = {name: number for number, name in enumerate(classes)}
    rows = []
    for video in videos:
        mine = found.get(video.video_id, [])
        if strange := sorted({each['label'] for each in mine} - set(numbers)):
            raise ValueError(
                f'{os.fspath(results)}: video {video.video_id!r} has the unknown label '
                f'{strange[0]!r}'
            )
        rows.append(
            {
                'segments': np.array([each['segment'] for each in mine], float).reshape(-1, 2),
                'labels': np.array([numbers[each['label']] for each in mine], np.int64),
                'scores': np.array([each['score'] for each in mine], float),
                'gt_seconds': np.array(video.segments, float).reshape(-1, 2),
                'gt_labels': np.array([numbers[label] for label in video.labels], np.int64),
            }
        )
    return evaluate_segments(*tables_of(rows), classes, iou_thresholds, errors_at=errors_at)


def _read_results(path: Path) -> Mapping[str, list[dict[str, Any]]]:
    """The predictions of each video."""
    content = read_json(path, 'results')
    found = content.get('results') if isinstance(content, dict) else None
    if not isinstance(found, dict):
        raise ValueError(f'{path} is not in the layout of ActivityNet: it has no object "results"')
    for name, rows in found.items():
        good = isinstance(rows, list) and all(
            isinstance(row, dict)
            and {'segment', 'score', 'label'} <= set(row)
            and isinstance(row['segment'], list)
            and len(row['segment']) == 2
            for row in rows
        )
        if not good:
            raise ValueError(
                f'{path}: video {name!r} is no list of {{"segment": [s, e], "score", "label"}}'
            )
    return found
