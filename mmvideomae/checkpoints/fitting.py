"""Fit weights with our names to a model, or say in one line why they do not fit."""

import math
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from torch import Tensor, nn

from mmvideomae.checkpoints.architecture import architecture_of, code_architecture_of
from mmvideomae.checkpoints.code_parts import TOKENIZER, fit_axis_positions, settle_tokenizer
from mmvideomae.checkpoints.completeness import (
    DETECTOR,
    added_to_encoder,
    require_values,
)
from mmvideomae.checkpoints.conversion import convert, detect, to_ours
from mmvideomae.checkpoints.errors import CheckpointError, some
from mmvideomae.checkpoints.formats.action_former import LOSS_NORMALISER
from mmvideomae.checkpoints.formats.hf import require_same_heads
from mmvideomae.checkpoints.formats.layout import POSITIONS
from mmvideomae.checkpoints.head_rows import select_rows
from mmvideomae.checkpoints.names import Weights, has_part
from mmvideomae.checkpoints.reading import without_wrapper_prefixes
from mmvideomae.ops.positions import Grid, resize_table, sinusoid_table

# An encoder ends in one of the two, depending on the use of its tokens; that of pre-training is
# not that of a classifier, see `_fit_parts`.
NORMS = ('backbone.norm.', 'backbone.fc_norm.')
ENCODER = 'backbone.'
ENCODER_PARTS = (ENCODER, TOKENIZER)
# Name endings that only our encoders have.
ENCODER_MARKS = ('patch_embed.proj.weight', 'cls_embed')
MMACTION2_EMBED = 'backbone.patch_embed.projection.weight'
# Parts of a model that are replaced as a whole in training if they do not fit.
REPLACEABLE = (
    *('cls_head', 'reg_head', 'roi_head'),
    *(f'{DETECTOR}{part}' for part in ('cls_head', 'reg_head')),
)


class Fitted(NamedTuple):
    """Weights that fit, and a sentence about each change to them."""

    state_dict: 'OrderedDict[str, Tensor]'
    notes: tuple[str, ...]


def fit(
    weights: Weights,
    model: nn.Module,
    source: str,
    training: bool,
    label_map: str | Path | None = None,
    num_heads: Mapping[str, int] | None = None,
) -> Fitted:
    """Fit weights to a model, to start its training or to use it.

    To start a training, a part that only one side has is dropped or newly initialised: a
    decoder, a head, the last norm, and modules added to an encoder, such as adapters.  A head with
    other classes takes the rows that ``label_map`` names, or is newly initialised, as in V2's
    released code.  Everything else must fit; for testing, everything must.

    Args:
        weights: With our names, or with those of a format that `detect` recognises.
        source: The name of the weights in messages.
        training: Whether the model will be trained.
        label_map: See `head_rows.read_head_rows`; used if the head has other rows than the model's.
        num_heads: `Conversion.num_heads` of the weights.

    Raises:
        CheckpointError: The weights do not fit; the message says where and what to do.
    """
    expected, grid = model.state_dict(), _grid_of(model)
    notes: list[str] = []
    try:
        found = _under_names_of(expected, weights, notes)
        if not any(value.is_meta for value in expected.values()):  # meta weights fit a meta model
            require_values(found)
        require_same_heads(num_heads or {}, model)
        found, prefix = _of_backbone(found, expected, notes)
        expected = {prefix + key: value for key, value in expected.items()}
        _check_architecture(found, expected)
        select_rows(found, expected, label_map, training, notes)
        _fit_positions(found, expected, grid, notes)
        fit_axis_positions(found, expected, notes)
        settle_tokenizer(found, expected, training, notes)
        added: list[str] = []
        if not training:
            _require_classifier(found, expected)
        if training:
            _fit_parts(found, expected, notes)
            added = added_to_encoder(found, expected)
        if added:
            notes.append(f'{some(added, 3)}: newly initialised, added to the encoder')
        needed = {key: value for key, value in expected.items() if key not in added}
        _check_whole(found, needed, training)
    except CheckpointError as error:
        raise CheckpointError(f'{source} does not fit {type(model).__name__}: {error}') from error
    ordered = OrderedDict((key.removeprefix(prefix), value) for key, value in found.items())
    return Fitted(ordered, tuple(notes))


def require_fit(
    weights: Weights, model: nn.Module, source: str, num_heads: Mapping[str, int] | None = None
) -> None:
    """Check that weights have the model's names and shapes; arguments as for `fit`.

    Raises:
        CheckpointError: They do not.
    """
    try:
        require_values(weights)
        require_same_heads(num_heads or {}, model)
        _check_whole(without_wrapper_prefixes(weights), model.state_dict(), training=False)
    except CheckpointError as error:
        raise CheckpointError(f'{source} does not fit {type(model).__name__}: {error}') from error


def _grid_of(model: nn.Module) -> Grid | None:
    """The token grid (t, h, w) of the model's positions."""
    return getattr(getattr(model, 'backbone', model), 'grid_size', None)


def _under_names_of(expected: Weights, weights: Weights, notes: list[str]) -> dict[str, Tensor]:
    """Rename weights to the model's names: ours, mmaction2's or any others."""
    found = without_wrapper_prefixes(weights)
    try:
        known = detect(found)
    except CheckpointError:
        known = None
    if known not in (None, 'ours') and any(key.endswith(ENCODER_MARKS) for key in expected):
        done = to_ours(found)
        notes += done.lines
        return dict(done.state_dict)
    if known == 'ours' and MMACTION2_EMBED in expected:
        found = dict(convert(found, 'mmaction2'))
        if POSITIONS in expected and POSITIONS not in found:
            found[POSITIONS] = sinusoid_table(*expected[POSITIONS].shape[1:])[None].clone()
    if known != 'ours' and not found.keys() & expected.keys():
        raise CheckpointError(
            f'no weight has a name of the model; it has {some(found, 3)}, but the model '
            f'{some(expected, 3)}'
        )
    return found


def _of_backbone(
    found: dict[str, Tensor], expected: Weights, notes: list[str]
) -> tuple[dict[str, Tensor], str]:
    """If the model is only an encoder, its weights with full names; also its prefix."""
    prefix = ENCODER if any(name in expected for name in ENCODER_MARKS) else ''
    if not prefix and not all(key.startswith(ENCODER_PARTS) for key in expected):
        return found, ''
    if prefix and not any(key.startswith(ENCODER) for key in found):
        return {ENCODER + key: value for key, value in found.items()}, ENCODER
    kept = ENCODER_PARTS if any(key.startswith(TOKENIZER) for key in expected) else ENCODER
    if rest := [key for key in found if not key.startswith(kept)]:
        notes.append(f'the model is an encoder: dropped {some(rest, 3)}')
    return {key: value for key, value in found.items() if key.startswith(kept)}, prefix


def _check_architecture(found: Weights, expected: Weights) -> None:
    differences, cure = [], 'use the config of a model of its size'
    mine, theirs = architecture_of(found), architecture_of(expected)
    if mine is not None and theirs is not None:
        differences = mine.differences(theirs)
        if [text.split()[0] for text in differences] == ['tubelet']:
            cure = f'set model.backbone.tubelet_size={mine.tubelet_size}'
    code, of_model = code_architecture_of(found), code_architecture_of(expected)
    if code is not None and of_model is not None:
        differences = code.differences(of_model)
    if differences:
        raise CheckpointError(
            f'another architecture: {"; ".join(differences)} of the model. To fix it, {cure}'
        )


def _fit_positions(
    found: dict[str, Tensor], expected: Weights, grid: Grid | None, notes: list[str]
) -> None:
    """Resize learned positions to the model's grid."""
    if POSITIONS not in found:
        if POSITIONS in expected:
            found[POSITIONS] = sinusoid_table(*expected[POSITIONS].shape[1:])[None].clone()
            notes.append('positions: learned, starting from the fixed sinusoid of the weights')
        return
    if POSITIONS not in expected:
        raise CheckpointError(
            'its positions are learned, but the model has the fixed sinusoid: set '
            'model.backbone.learnable_pos=True'
        )
    table, wanted = found[POSITIONS], expected[POSITIONS]
    if table.shape == wanted.shape or grid is None:
        return
    base = _base_grid(table.shape[1], grid)
    found[POSITIONS] = resize_table(table[0], base, grid)[None]
    notes.append(f'positions: resized from {base} to {grid} tokens')


def _base_grid(count: int, grid: Grid) -> Grid:
    """The grid of a table of ``count`` tokens, with the model's number or size of slots."""
    slots, height, width = grid
    side = math.isqrt(count // slots)
    if count == slots * side * side:
        return slots, side, side
    if count % (height * width) == 0:
        return count // (height * width), height, width
    raise CheckpointError(
        f'its table of {count} positions has neither {slots} square slots nor slots of '
        f"{height}x{width}, the model's grid"
    )


def _fit_parts(found: dict[str, Tensor], expected: Weights, notes: list[str]) -> None:
    """Drop whole parts that only the weights have, and note parts that are newly initialised.

    The last norm of pre-training is not that of a classifier: the former normalises the tokens,
    the latter their mean.
    """
    for norm in NORMS:
        if not has_part(expected, norm) and has_part(found, norm):
            _drop(found, norm)
            notes.append(f'{norm[:-1]}: dropped, the model ends in another norm')
        elif has_part(expected, norm) and not has_part(found, norm):
            notes.append(f'{norm[:-1]}: newly initialised')
    parts = {_part_of(key): None for key in (*found, *expected)}
    for part in parts:
        mine, theirs = has_part(found, f'{part}.'), has_part(expected, f'{part}.')
        if f'{part}.' == ENCODER:
            continue
        if part in found and part not in expected:  # a tensor of the model itself
            del found[part]
        if mine and not theirs:
            _drop(found, f'{part}.')
            notes.append(f'{part}: dropped, the model has none')
        elif theirs and not mine:
            notes.append(f'{part}: newly initialised')
        elif part in REPLACEABLE and not _same_shapes(found, expected, f'{part}.'):
            _drop(found, f'{part}.')
            notes.append(f'{part}: dropped, the model has another one; it is newly initialised')


def _require_classifier(found: Weights, expected: Weights) -> None:
    for part in REPLACEABLE:
        if has_part(expected, f'{part}.') and not has_part(found, f'{part}.'):
            raise CheckpointError(
                f'it has no {part}, as after pre-training: first train this model from it, with '
                'load_from=CHECKPOINT'
            )


def _check_whole(found: Weights, expected: Weights, training: bool) -> None:
    """Compare names and shapes; in training, a part to be newly initialised may be missing."""
    complaints = [
        f'{key} is {tuple(value.shape)}, but {tuple(expected[key].shape)} in the model'
        for key, value in found.items()
        if key in expected and value.shape != expected[key].shape
    ]
    missing = [key for key in expected if key not in found and not key.endswith(NOT_NEEDED)]
    if training:
        missing = [key for key in missing if not _starts_anew(key, found)]
    unexpected = [key for key in found if key not in expected]
    if missing:
        complaints.append(f'the checkpoint lacks {some(missing)}')
    if unexpected:
        complaints.append(f'the model has no {some(unexpected)}')
    if complaints:
        raise CheckpointError('; '.join(complaints[:3]))


# A counter of batch norms and a running mean of a loss, which predictions do not use.
NOT_NEEDED = ('num_batches_tracked', LOSS_NORMALISER)


def _starts_anew(key: str, found: Weights) -> bool:
    if key.startswith(NORMS):
        return not has_part(found, key.rpartition('.')[0])
    part = _part_of(key)
    return f'{part}.' != ENCODER and not has_part(found, f'{part}.')


def _part_of(key: str) -> str:
    """The first name of a key, such as ``cls_head``; inside a detector, with it."""
    prefix = DETECTOR if key.startswith(DETECTOR) else ''
    return prefix + key.removeprefix(prefix).partition('.')[0]


def _drop(state: dict[str, Tensor], prefix: str) -> None:
    for key in [key for key in state if key.startswith(prefix)]:
        del state[key]


def _same_shapes(found: Weights, expected: Weights, prefix: str) -> bool:
    pairs = [
        {key: value.shape for key, value in state.items() if key.startswith(prefix)}
        for state in (found, expected)
    ]
    return pairs[0] == pairs[1]
