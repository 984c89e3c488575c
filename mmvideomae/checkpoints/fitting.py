"""Weights under our names -> exactly those that a model takes, or one line on why not."""

import math
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from torch import Tensor, nn

from mmvideomae.checkpoints.architecture import architecture_of, code_architecture_of
from mmvideomae.checkpoints.code_parts import fit_axis_positions, settle_tokenizer
from mmvideomae.checkpoints.completeness import added_to_encoder, has_part, require_values
from mmvideomae.checkpoints.conversion import convert, detect, to_ours
from mmvideomae.checkpoints.errors import CheckpointError, some
from mmvideomae.checkpoints.formats.action_former import LOSS_NORMALISER
from mmvideomae.checkpoints.formats.hf import require_same_heads
from mmvideomae.checkpoints.formats.layout import POSITIONS
from mmvideomae.checkpoints.head_rows import select_rows
from mmvideomae.checkpoints.names import Weights
from mmvideomae.checkpoints.reading import without_wrapper_prefixes
from mmvideomae.ops.positions import Grid, resize_table, sinusoid_table

# An encoder ends in one or the other, by what is made of its tokens; pre-training's is not the
# classifier's, see `_fit_parts`.
NORMS = ('backbone.norm.', 'backbone.fc_norm.')
ENCODER = 'backbone.'
# Names that encoders of ours end in, as no other does.
ENCODER_MARKS = ('patch_embed.proj.weight', 'cls_embed')
MMACTION2_EMBED = 'backbone.patch_embed.projection.weight'
# Parts of a model that are replaced as a whole where they do not fit, when training.
REPLACEABLE = ('cls_head', 'roi_head')


class Fitted(NamedTuple):
    """Weights that fit, and what was done to them: a sentence each."""

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
    """Fit weights to a model that they start or are.

    To start a training, a part that only one side has is left out or starts anew: a decoder,
    a head, the last norm, and what was added to an encoder, such as adapters.  A head of other
    classes takes the rows that ``label_map`` names, or starts anew, as V2's released code does.
    Everything else must fit, and to test, everything must.

    Args:
        weights: Under our names, or under those of a format that `detect` knows.
        source: What to call the weights in messages.
        training: Whether the model will be trained.
        label_map: See `head_rows.read_label_map`; used where the head's rows are not the model's.
        num_heads: `Conversion.num_heads` of the weights.

    Raises:
        CheckpointError: The weights do not fit; the line says where and what to do.
    """
    expected, grid = model.state_dict(), _grid_of(model)
    notes: list[str] = []
    try:
        found = _under_names_of(expected, weights, notes)
        if not any(value.is_meta for value in expected.values()):  # shapes alone fit shapes alone
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
        if training:
            _fit_parts(found, expected, notes)
            added = added_to_encoder(found, expected)
        if added:
            notes.append(f'{some(added, 3)}: start anew, added to the encoder of the weights')
        needed = {key: value for key, value in expected.items() if key not in added}
        _check_whole(found, needed, training)
    except CheckpointError as error:
        raise CheckpointError(f'{source} does not fit {type(model).__name__}: {error}') from error
    ordered = OrderedDict((key.removeprefix(prefix), value) for key, value in found.items())
    return Fitted(ordered, tuple(notes))


def require_fit(
    weights: Weights, model: nn.Module, source: str, num_heads: Mapping[str, int] | None = None
) -> None:
    """Check that weights are those of a model, name by name; arguments as those of `fit`.

    Raises:
        CheckpointError: They are not.
    """
    try:
        require_values(weights)
        require_same_heads(num_heads or {}, model)
        _check_whole(without_wrapper_prefixes(weights), model.state_dict(), training=False)
    except CheckpointError as error:
        raise CheckpointError(f'{source} does not fit {type(model).__name__}: {error}') from error


def _grid_of(model: nn.Module) -> Grid | None:
    """Token grid (t, h, w) for which the model's positions are."""
    return getattr(getattr(model, 'backbone', model), 'grid_size', None)


def _under_names_of(expected: Weights, weights: Weights, notes: list[str]) -> dict[str, Tensor]:
    """Bring weights under the names that the model has: ours, mmaction2's or any others."""
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
            f'no weight has a name of the model; it has {some(found, 3)}, the model has '
            f'{some(expected, 3)}'
        )
    return found


def _of_backbone(
    found: dict[str, Tensor], expected: Weights, notes: list[str]
) -> tuple[dict[str, Tensor], str]:
    """Where the model is an encoder alone, the encoder's weights under whole names; its prefix."""
    if not any(name in expected for name in ENCODER_MARKS):
        return found, ''
    if not any(key.startswith(ENCODER) for key in found):
        return {ENCODER + key: value for key, value in found.items()}, ENCODER
    if rest := [key for key in found if not key.startswith(ENCODER)]:
        notes.append(f'the model is an encoder: left out {some(rest, 3)}')
    return {key: value for key, value in found.items() if key.startswith(ENCODER)}, ENCODER


def _check_architecture(found: Weights, expected: Weights) -> None:
    differences, cure = [], 'take the config of a model of its size'
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
            f'another architecture, {"; ".join(differences)} of the model. To cure it, {cure}'
        )


def _fit_positions(
    found: dict[str, Tensor], expected: Weights, grid: Grid | None, notes: list[str]
) -> None:
    """Bring learned positions to the model's grid."""
    if POSITIONS not in found:
        if POSITIONS in expected:
            found[POSITIONS] = sinusoid_table(*expected[POSITIONS].shape[1:])[None].clone()
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


def _fit_parts(found: dict[str, Tensor], expected: Weights, notes: list[str]) -> None:
    """Leave out what only the weights have, and note what starts anew, in whole parts.

    The last norm of pre-training is not that of a classifier: the one is of the tokens, the
    other of their mean.
    """
    for norm in NORMS:
        if not has_part(expected, norm) and has_part(found, norm):
            _drop(found, norm)
            notes.append(f'{norm[:-1]}: dropped, the model ends in another norm')
        elif has_part(expected, norm) and not has_part(found, norm):
            notes.append(f'{norm[:-1]}: starts anew')
    parts = {key.partition('.')[0]: None for key in (*found, *expected)}
    for part in parts:
        mine, theirs = has_part(found, f'{part}.'), has_part(expected, f'{part}.')
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


def _check_whole(found: Weights, expected: Weights, training: bool) -> None:
    """Compare names and shapes; a part that starts anew may be missing when training."""
    complaints = [
        f'{key} is {tuple(value.shape)}, in the model {tuple(expected[key].shape)}'
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


# A count of batch norms and a running mean of a loss: predictions do without.
NOT_NEEDED = ('num_batches_tracked', LOSS_NORMALISER)


def _starts_anew(key: str, found: Weights) -> bool:
    if key.startswith(NORMS):
        return not has_part(found, key.rpartition('.')[0])
    part = key.partition('.')[0]
    return f'{part}.' != ENCODER and not has_part(found, f'{part}.')


def _drop(state: dict[str, Tensor], prefix: str) -> None:
    for key in [key for key in state if key.startswith(prefix)]:
        del state[key]


def _same_shapes(found: Weights, expected: Weights, prefix: str) -> bool:
    pairs = [
        {key: value.shape for key, value in state.items() if key.startswith(prefix)}
        for state in (found, expected)
    ]
    return pairs[0] == pairs[1]
