"""Weights under our names -> exactly those that a model takes, or one line on why not."""

import json
import math
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor, nn

from mmvideomae.checkpoints.architecture import architecture_of
from mmvideomae.checkpoints.conversion import POSITIONS, detect, to_ours
from mmvideomae.checkpoints.errors import CheckpointError, some
from mmvideomae.checkpoints.reading import without_wrapper_prefixes
from mmvideomae.ops.positions import Grid, resize_table, sinusoid_table

HEAD = 'cls_head.fc_cls.weight'
HEAD_BIAS = 'cls_head.fc_cls.bias'
# An encoder ends in one or the other, by what is made of its tokens; pre-training's is not the
# classifier's, see `_fit_parts`.
NORMS = ('backbone.norm.', 'backbone.fc_norm.')
ENCODER = 'backbone.'
# Parts of a model that are replaced as a whole where they do not fit, when training.
REPLACEABLE = ('cls_head', 'roi_head')
K710_ROWS = 710


class Fitted(NamedTuple):
    """Weights that fit, and what was done to them: a sentence each."""

    state_dict: 'OrderedDict[str, Tensor]'
    notes: tuple[str, ...]


def read_label_map(path: str | Path) -> list[int]:
    """A JSON list whose entry i is the row of class i in the head of the checkpoint.

    Raises:
        CheckpointError: The file is missing, or holds something else.
    """
    try:
        rows = json.loads(Path(path).read_text(encoding='utf-8'))
    except OSError as error:
        raise CheckpointError(
            f'no label map {path}: write it with tools/data/build_k710.py, or leave label_map out'
        ) from error
    except ValueError as error:
        raise CheckpointError(f'{path} is no JSON list of rows: {error}') from error
    if not isinstance(rows, list) or not all(type(row) is int and row >= 0 for row in rows):
        raise CheckpointError(f'{path} is no JSON list of rows, whole numbers from 0')
    return rows


def fit(
    weights: Mapping[str, Tensor],
    model: nn.Module,
    source: str,
    training: bool,
    label_map: str | Path | None = None,
) -> Fitted:
    """Fit weights to a model that they start or are.

    To start a training, a part that only one side has is left out or starts anew: a decoder,
    a head, the last norm.  A head of other classes takes the rows that ``label_map`` names, or
    starts anew (recipes C.8 and G.1 of the released code).  Everything else must fit, and to
    test, everything must.

    Args:
        weights: Under our names, or under those of a format that `detect` knows.
        source: What to call the weights in messages.
        training: Whether the model will be trained.
        label_map: See `read_label_map`; used where the head's rows are not the model's.

    Raises:
        CheckpointError: The weights do not fit; the line says where and what to do.
    """
    expected, grid = model.state_dict(), _grid_of(model)
    notes: list[str] = []
    try:
        found = _under_our_names(weights, expected, notes)
        found, prefix = _of_backbone(found, expected, notes)
        expected = {prefix + key: value for key, value in expected.items()}
        _check_architecture(found, expected)
        _select_rows(found, expected, label_map, training, notes)
        _fit_positions(found, expected, grid, notes)
        if training:
            _fit_parts(found, expected, notes)
        _check_whole(found, expected, training)
    except CheckpointError as error:
        raise CheckpointError(f'{source} does not fit {type(model).__name__}: {error}') from error
    ordered = OrderedDict((key.removeprefix(prefix), value) for key, value in found.items())
    return Fitted(ordered, tuple(notes))


def require_fit(weights: Mapping[str, Tensor], model: nn.Module, source: str) -> None:
    """Check that weights are those of a model, name by name.

    Raises:
        CheckpointError: They are not.
    """
    try:
        _check_whole(without_wrapper_prefixes(weights), model.state_dict(), training=False)
    except CheckpointError as error:
        raise CheckpointError(f'{source} does not fit {type(model).__name__}: {error}') from error


def _grid_of(model: nn.Module) -> Grid | None:
    """Token grid (t, h, w) for which the model's positions are."""
    return getattr(getattr(model, 'backbone', model), 'grid_size', None)


def _under_our_names(
    weights: Mapping[str, Tensor], expected: Mapping[str, Tensor], notes: list[str]
) -> dict[str, Tensor]:
    found = without_wrapper_prefixes(weights)
    if found.keys() & expected.keys():
        return found
    try:
        known = detect(found)
    except CheckpointError:
        raise CheckpointError(
            f'no weight has a name of the model; it has {some(found, 3)}, the model has '
            f'{some(expected, 3)}'
        ) from None
    if known == 'ours':
        return found
    done = to_ours(found)
    notes += done.lines
    return dict(done.state_dict)


def _of_backbone(
    found: dict[str, Tensor], expected: Mapping[str, Tensor], notes: list[str]
) -> tuple[dict[str, Tensor], str]:
    """Where the model is an encoder alone, the encoder's weights under whole names; its prefix."""
    if 'patch_embed.proj.weight' not in expected:
        return found, ''
    if not any(key.startswith(ENCODER) for key in found):
        return {ENCODER + key: value for key, value in found.items()}, ENCODER
    if rest := [key for key in found if not key.startswith(ENCODER)]:
        notes.append(f'the model is an encoder: left out {some(rest, 3)}')
    return {key: value for key, value in found.items() if key.startswith(ENCODER)}, ENCODER


def _check_architecture(found: Mapping[str, Tensor], expected: Mapping[str, Tensor]) -> None:
    mine, theirs = architecture_of(found), architecture_of(expected)
    if mine is None or theirs is None:
        return
    if differences := mine.differences(theirs):
        only_tubelet = [text.split()[0] for text in differences] == ['tubelet']
        cure = 'take the config of a model of its size'
        if only_tubelet:
            cure = f'set model.backbone.tubelet_size={mine.tubelet_size}'
        raise CheckpointError(
            f'another architecture, {"; ".join(differences)} of the model. To cure it, {cure}'
        )


def _select_rows(
    found: dict[str, Tensor],
    expected: Mapping[str, Tensor],
    label_map: str | Path | None,
    training: bool,
    notes: list[str],
) -> None:
    """Choose the rows of the head that are the model's classes, or take the head away."""
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
            f'its head has {rows} classes, the model {classes}: set model.cls_head.num_classes='
            f'{rows}{hint}'
        )
    for key in _head_keys(found):
        del found[key]
    notes.append(
        f'head: dropped, it has {rows} classes and the model {classes}; a new one is trained{hint}'
    )


def _head_keys(found: Mapping[str, Tensor]) -> list[str]:
    return [key for key in (HEAD, HEAD_BIAS) if key in found]


def _rows_for(label_map: str | Path, rows: int, classes: int) -> Tensor:
    chosen = read_label_map(label_map)
    if len(chosen) != classes:
        raise CheckpointError(
            f'{label_map} lists the rows of {len(chosen)} classes, the model has {classes}'
        )
    if max(chosen) >= rows:
        raise CheckpointError(f'{label_map} names row {max(chosen)} of a head of {rows} rows')
    return torch.tensor(chosen)


def _fit_positions(
    found: dict[str, Tensor],
    expected: Mapping[str, Tensor],
    grid: Grid | None,
    notes: list[str],
) -> None:
    """Bring learned positions to the model's grid."""
    if POSITIONS not in found:
        if POSITIONS in expected:
            _, count, dims = expected[POSITIONS].shape
            found[POSITIONS] = sinusoid_table(count, dims)[None].clone()
            notes.append('positions: learned from the fixed sinusoid on, which the weights know')
        return
    if POSITIONS not in expected:
        raise CheckpointError(
            'its positions are learned and the model has the fixed sinusoid: set '
            'model.backbone.learnable_pos=True'
        )
    table, wanted = found[POSITIONS], expected[POSITIONS]
    if table.shape == wanted.shape or grid is None:
        return
    base = _base_grid(table.shape[1], grid)
    found[POSITIONS] = resize_table(table[0], base, grid)[None]
    notes.append(f'positions: resized from {base} to {grid} tokens')


def _base_grid(count: int, grid: Grid) -> Grid:
    """The grid of a table of ``count`` tokens: as many slots as the model's, or as large ones."""
    slots, height, width = grid
    side = math.isqrt(count // slots)
    if count == slots * side * side:
        return slots, side, side
    if count % (height * width) == 0:
        return count // (height * width), height, width
    raise CheckpointError(
        f'its table of {count} positions has neither {slots} square slots nor slots of '
        f'{height}x{width}, which is the grid of the model'
    )


def _fit_parts(found: dict[str, Tensor], expected: Mapping[str, Tensor], notes: list[str]) -> None:
    """Leave out what only the weights have, and note what starts anew, in whole parts.

    The last norm of pre-training is not that of a classifier: the one is of the tokens, the
    other of their mean.
    """
    for norm in NORMS:
        if not _has(expected, norm) and _has(found, norm):
            _drop(found, norm)
            notes.append(f'{norm[:-1]}: dropped, the model ends in another norm')
        elif _has(expected, norm) and not _has(found, norm):
            notes.append(f'{norm[:-1]}: starts anew')
    parts = {key.partition('.')[0]: None for key in (*found, *expected)}
    for part in parts:
        mine, theirs = _has(found, f'{part}.'), _has(expected, f'{part}.')
        if f'{part}.' == ENCODER:
            continue
        if mine and not theirs:
            _drop(found, f'{part}.')
            notes.append(f'{part}: dropped, the model has none')
        elif theirs and not mine:
            notes.append(f'{part}: starts anew')
        elif part in REPLACEABLE and not _same_shapes(found, expected, f'{part}.'):
            _drop(found, f'{part}.')
            notes.append(f'{part}: dropped, the model has another one; it starts anew')


def _check_whole(
    found: Mapping[str, Tensor], expected: Mapping[str, Tensor], training: bool
) -> None:
    """Compare names and shapes; a part that starts anew may be missing when training."""
    complaints = [
        f'{key} is {tuple(value.shape)}, in the model {tuple(expected[key].shape)}'
        for key, value in found.items()
        if key in expected and value.shape != expected[key].shape
    ]
    missing = [key for key in expected if key not in found and not key.endswith(BATCHES)]
    if training:
        missing = [key for key in missing if not _starts_anew(key, found)]
    unexpected = [key for key in found if key not in expected]
    if missing:
        complaints.append(f'the checkpoint lacks {some(missing)}')
    if unexpected:
        complaints.append(f'the model has no {some(unexpected)}')
    if complaints:
        raise CheckpointError('; '.join(complaints[:3]))


# Of batch norms: a count that is not needed.
BATCHES = 'num_batches_tracked'


def _starts_anew(key: str, found: Mapping[str, Tensor]) -> bool:
    if key.startswith(NORMS):
        return not _has(found, key.rpartition('.')[0])
    part = key.partition('.')[0]
    return f'{part}.' != ENCODER and not _has(found, f'{part}.')


def _has(state: Mapping[str, Tensor], prefix: str) -> bool:
    return any(key.startswith(prefix) for key in state)


def _drop(state: dict[str, Tensor], prefix: str) -> None:
    for key in [key for key in state if key.startswith(prefix)]:
        del state[key]


def _same_shapes(found: Mapping[str, Tensor], expected: Mapping[str, Tensor], prefix: str) -> bool:
    pairs = [
        {key: value.shape for key, value in state.items() if key.startswith(prefix)}
        for state in (found, expected)
    ]
    return pairs[0] == pairs[1]
