"""State dicts of every known layout -> ours, and ours -> those that are written."""

from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from mmvideomae.checkpoints.completeness import require_values
from mmvideomae.checkpoints.errors import CheckpointError, some
from mmvideomae.checkpoints.formats import LAYOUTS
from mmvideomae.checkpoints.formats.layout import Conversion, Layout
from mmvideomae.checkpoints.names import Weights

WRITABLE = tuple(name for name, layout in LAYOUTS.items() if layout.writable)


def detect(state_dict: Weights) -> str:
    """The layout of a state dict, by its keys: one of ``LAYOUTS``.

    Raises:
        CheckpointError: None of them.
    """
    for name, layout in reversed(LAYOUTS.items()):
        if layout.matches(state_dict):
            return name
    raise CheckpointError(
        f'unknown format: no network of {some(LAYOUTS, 9)} has the keys {some(state_dict)}'
    )


def to_ours(state_dict: Weights, tubelet_size: int = 2) -> Conversion:
    """Bring a state dict of any layout under our names.

    Args:
        tubelet_size: Frames of a cube, where the patch embedding is an image's: it is inflated
            to w / tubelet_size in each frame, so that a clip of one repeated image is embedded
            as the image (V1 section 4, after I3D).

    Raises:
        CheckpointError: A tensor is unknown or missing; the keys are named.
    """
    layout = LAYOUTS[detect(state_dict)]
    require_values(state_dict)
    return layout.to_ours(state_dict, tubelet_size)


def writable_layout(name: str) -> Layout:
    """The layout of a name.

    Raises:
        CheckpointError: There is none, or it is only read.
    """
    layout = LAYOUTS.get(name)
    if layout is None or not layout.writable:
        raise CheckpointError(f'cannot write {name!r}; choose one of {some(WRITABLE)}')
    return layout


def convert(state_dict: Weights, to: str) -> 'OrderedDict[str, Tensor]':
    """Name and shape our weights as another layout has them.

    Args:
        state_dict: Under our names.
        to: One of ``WRITABLE``; 'videomae' is the official code's, 'hf' that of
            transformers 5.18 and newer.

    Raises:
        CheckpointError: The layout is unknown, or has no place for a tensor, which is named.
    """
    return writable_layout(to).from_ours(state_dict)


def save_weights(
    state_dict: Weights,
    path: Path,
    to: str = 'ours',
    config: Mapping[str, Any] | None = None,
) -> list[Path]:
    """Write weights under our names, the same bytes for the same weights.

    Args:
        path: A file, or a folder if ``to`` is 'hf'.
        config: For 'hf': entries of ``config.json`` that weights do not tell, see `hf_config`.

    Returns:
        The files written.

    Raises:
        CheckpointError: The layout cannot hold the weights.
    """
    return writable_layout(to).save(state_dict, path, config)
