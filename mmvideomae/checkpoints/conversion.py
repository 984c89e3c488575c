"""Convert state dicts from every known layout to ours, and from ours to writable ones."""

from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from mmvideomae.checkpoints.completeness import FOREIGN, require_values
from mmvideomae.checkpoints.errors import CheckpointError, some
from mmvideomae.checkpoints.formats import LAYOUTS
from mmvideomae.checkpoints.formats.layout import Conversion, Layout
from mmvideomae.checkpoints.names import Weights, has_part

WRITABLE = tuple(name for name, layout in LAYOUTS.items() if layout.writable)


def detect(state_dict: Weights) -> str:
    """The layout of a state dict, recognised by its keys: one of ``LAYOUTS``.

    Raises:
        CheckpointError: It has none of them.
    """
    # Besides OpenTAD's, only our models have these, whatever follows.
    if has_part(state_dict, FOREIGN) and not LAYOUTS['opentad'].matches(state_dict):
        return 'ours'
    for name, layout in reversed(LAYOUTS.items()):
        if layout.matches(state_dict):
            return name
    raise CheckpointError(
        f'unknown format: none of {some(LAYOUTS, 9)} has the keys {some(state_dict)}'
    )


def to_ours(state_dict: Weights, tubelet_size: int = 2) -> Conversion:
    """Convert a state dict from any layout to our names.

    Args:
        tubelet_size: Frames of a cube, for the patch embedding of an image model: it is inflated
            to w / tubelet_size in each frame, so a clip that repeats an image is embedded like
            the image (V1 section 4, after I3D).

    Raises:
        CheckpointError: A tensor is unknown or missing; the message names the keys.
    """
    layout = LAYOUTS[detect(state_dict)]
    require_values(state_dict)
    return layout.to_ours(state_dict, tubelet_size)


def writable_layout(name: str) -> Layout:
    """The layout with this name.

    Raises:
        CheckpointError: There is none, or it can only be read.
    """
    layout = LAYOUTS.get(name)
    if layout is None or not layout.writable:
        raise CheckpointError(f'cannot write {name!r}; choose one of {some(WRITABLE, 9)}')
    return layout


def convert(state_dict: Weights, to: str) -> 'OrderedDict[str, Tensor]':
    """Convert our weights to the names and shapes of another layout.

    Args:
        state_dict: Weights with our names.
        to: One of ``WRITABLE``; 'videomae' and 'vjepa2' are the layouts of the official code, 'hf'
            and 'vjepa2-hf' those of transformers, 5.18 and newer for 'hf'.

    Raises:
        CheckpointError: The layout is unknown, or has no place for a tensor, which the message
            names.
    """
    return writable_layout(to).from_ours(state_dict)


def save_weights(
    state_dict: Weights,
    path: Path,
    to: str = 'ours',
    config: Mapping[str, Any] | None = None,
) -> list[Path]:
    """Write weights with our names in a layout; the same weights give the same bytes.

    Args:
        path: A file, or a folder for Hugging Face.
        config: For Hugging Face: entries of ``config.json`` that weights do not contain, see
            `hf_config`.

    Returns:
        The files written.

    Raises:
        CheckpointError: The layout cannot hold the weights.
    """
    return writable_layout(to).save(state_dict, path, config)
