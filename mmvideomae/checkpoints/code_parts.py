"""Fit the parts of VIMPAC other than its layers: positions per axis, and a tokenizer."""

from torch import Tensor

from mmvideomae.checkpoints.errors import CheckpointError
from mmvideomae.checkpoints.names import Weights, has_part
from mmvideomae.ops.positions import resize_axis

TOKENIZER = 'data_preprocessor.tokenizer.'


def fit_axis_positions(found: dict[str, Tensor], expected: Weights, notes: list[str]) -> None:
    """Interpolate the positions of each axis to the model's length (VIMPAC appendix C.1)."""
    done = []
    for axis in ('time', 'height', 'width'):
        key = f'backbone.pos_embed.{axis}'
        if key not in found or key not in expected:
            continue
        before, after = len(found[key]), len(expected[key])
        if before != after:
            found[key] = resize_axis(found[key], after)
            done.append(f'{axis} from {before} to {after}')
    if done:
        notes.append(f'positions: interpolated, {", ".join(done)}')


def settle_tokenizer(
    found: dict[str, Tensor], expected: dict[str, Tensor], training: bool, notes: list[str]
) -> None:
    """Drop a tokenizer that the model does not need, or that is loaded from its own file.

    Raises:
        CheckpointError: The model needs one for testing, but the weights have none.
    """
    mine, theirs = has_part(found, TOKENIZER), has_part(expected, TOKENIZER)
    if mine and not theirs:
        for key in [key for key in found if key.startswith(TOKENIZER)]:
            del found[key]
        notes.append('tokenizer: dropped, the model reads codes')
    elif theirs and not mine:
        if not training:
            raise CheckpointError(
                'it has no tokenizer: test on files of codes, with '
                'model.data_preprocessor.tokenizer=None'
            )
        for key in [key for key in expected if key.startswith(TOKENIZER)]:
            del expected[key]
        notes.append('tokenizer: the weights have none, the model keeps its own')
