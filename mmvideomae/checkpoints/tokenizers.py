"""Weights of a tokenizer, alone or within those of a model."""

from torch import Tensor, nn

from mmvideomae.checkpoints.errors import CheckpointError, some
from mmvideomae.checkpoints.names import Weights

# Prefixes in a model that trains a tokenizer, and in one that is trained on its codes.
_PLACES = ('', 'tokenizer.', 'data_preprocessor.tokenizer.')


def tokenizer_weights(weights: Weights, tokenizer: nn.Module, source: str) -> dict[str, Tensor]:
    """The weights of a tokenizer's parts in a file, which may have only some, such as its encoder.

    Parts that the tokenizer lacks are left out.

    Args:
        weights: With our names.
        source: The name of the weights in messages.

    Raises:
        CheckpointError: There are none, or a part is incomplete or has another size.
    """
    expected = tokenizer.state_dict()
    parts = {_part(key) for key in expected}
    for place in _PLACES:
        inside = {
            key.removeprefix(place): value
            for key, value in weights.items()
            if key.startswith(place) and _part(key.removeprefix(place)) in parts
        }
        if inside:
            break
    told = f'{source} does not fit {type(tokenizer).__name__}: '
    if not inside:
        raise CheckpointError(
            f'{told}it has {some(weights, 3)}, but the tokenizer has {some(expected, 3)}'
        )
    present = {_part(key) for key in inside}
    wanted = {key for key in expected if _part(key) in present}
    if wrong := sorted(wanted ^ inside.keys()):
        raise CheckpointError(f'{told}only one of the two has {some(wrong, 3)}')
    for key, value in inside.items():
        if value.shape != expected[key].shape:
            raise CheckpointError(
                f'{told}{key} is {tuple(value.shape)}, not {tuple(expected[key].shape)}'
            )
    return inside


def _part(key: str) -> str:
    return key.partition('.')[0]
