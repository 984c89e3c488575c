"""What weights of VIMPAC have besides its layers: positions by axis, and a tokenizer."""

from torch import Tensor

from mmvideomae.checkpoints.completeness import has_part
from mmvideomae.checkpoints.errors import CheckpointError
from mmvideomae.checkpoints.names import Weights
from mmvideomae.ops.positions import resize_axis

TOKENIZER = 'data_preprocessor.tokenizer.'


def fit_axis_positions(found: dict[str, Tensor], expected: Weights, notes: list[str]) -> None:
    """Interpolate the positions of an axis to the length of the model's (VIMPAC appendix C.1)."""
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
    """Leave out a tokenizer that the model does not need, or that has a file of its own.

    Raises:
        CheckpointError: To test, the model needs one and the weights have none.
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
