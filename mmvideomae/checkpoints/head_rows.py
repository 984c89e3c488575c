"""Select the rows of a classifier's head for the classes of another."""

import json
from pathlib import Path

import torch
from torch import Tensor

from mmvideomae.checkpoints.errors import CheckpointError
from mmvideomae.checkpoints.names import Weights

HEAD = 'cls_head.fc_cls.weight'
HEAD_BIAS = 'cls_head.fc_cls.bias'
BOX_HEAD = 'roi_head.bbox_head.fc_cls.weight'
BOX_HEAD_BIAS = 'roi_head.bbox_head.fc_cls.bias'
K710_ROWS = 710


def read_head_rows(path: str | Path) -> list[int]:
    """A JSON list whose entry i is the row of class i in the checkpoint's head.

    Raises:
        CheckpointError: The file is missing or has other content.
    """
    try:
        rows = json.loads(Path(path).read_text(encoding='utf-8'))
    except OSError as error:
        raise CheckpointError(
            f'no label map {path}: write it with tools/data/build_k710.py, or omit label_map'
        ) from error
    except ValueError as error:
        raise CheckpointError(f'{path} is not a JSON list of rows: {error}') from error
    if not isinstance(rows, list) or not all(type(row) is int and row >= 0 for row in rows):
        raise CheckpointError(f'{path} is not a JSON list of rows, which are whole numbers from 0')
    return rows


def select_rows(
    found: dict[str, Tensor],
    expected: Weights,
    label_map: str | Path | None,
    training: bool,
    notes: list[str],
) -> None:
    """Select the rows of the head for the model's classes, or drop the head."""
    _check_box_head(found, expected, training, notes)
    if HEAD not in found or HEAD not in expected:
        return
    rows, classes = len(found[HEAD]), len(expected[HEAD])
    if rows == classes:
        return
    if label_map is not None:
        chosen = _rows_for(label_map, rows, classes)
        for key in _head_keys(found):
            found[key] = found[key][chosen]
        notes.append(f'head: {classes} of its {rows} rows selected by {label_map}')
        return
    hint = ''
    if rows == K710_ROWS:
        hint = (
            '; to select the rows of Kinetics classes, set default_hooks.head_rows.label_map to '
            'the list that tools/data/build_k710.py writes'
        )
    if not training:
        raise CheckpointError(
            f'its head has {rows} classes, but the model {classes}: set '
            f'model.cls_head.num_classes={rows}{hint}'
        )
    for key in _head_keys(found):
        del found[key]
    notes.append(
        f'head: dropped, it has {rows} classes, the model {classes}; a new one is trained{hint}'
    )


def _check_box_head(
    found: dict[str, Tensor], expected: Weights, training: bool, notes: list[str]
) -> None:
    """For training, drop a detector's head with other classes; for testing, refuse it."""
    if BOX_HEAD not in found or BOX_HEAD not in expected:
        return
    rows, classes = len(found[BOX_HEAD]), len(expected[BOX_HEAD])
    if rows == classes:
        return
    hint = ''
    if abs(rows - classes) == 1:
        hint = (
            "; mmaction2's detectors have a row for the background, the official ones do not: "
            f'set model.roi_head.bbox_head.background={rows > classes}'
        )
    if not training:
        cure = hint or f': set model.roi_head.bbox_head.num_classes={rows}'
        raise CheckpointError(f'its roi_head has {rows} rows, but the model {classes}{cure}')
    for key in (BOX_HEAD, BOX_HEAD_BIAS):
        found.pop(key, None)
    notes.append(
        f'roi_head: dropped, it has {rows} rows, the model {classes}; a new one is trained{hint}'
    )


def _head_keys(found: Weights) -> list[str]:
    return [key for key in (HEAD, HEAD_BIAS) if key in found]


def _rows_for(label_map: str | Path, rows: int, classes: int) -> Tensor:
    chosen = read_head_rows(label_map)
    if len(chosen) != classes:
        raise CheckpointError(
            f'{label_map} lists the rows of {len(chosen)} classes, but the model has {classes}'
        )
    if max(chosen) >= rows:
        raise CheckpointError(f'{label_map} names row {max(chosen)}, but the head has {rows} rows')
    return torch.tensor(chosen)
