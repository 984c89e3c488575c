"""Predictions of models as arrays."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from mmvideomae.errors import NotFiniteError


def to_numpy(values: Any) -> np.ndarray:
    """Convert a tensor on any device, an array or nested lists to an array."""
    return values.detach().cpu().numpy() if hasattr(values, 'detach') else np.asarray(values)


def name_of(sample: Mapping[str, Any], number: int) -> str:
    """The name of a sample in messages: its file, or its number from 0 on."""
    name = sample.get('filename') or sample.get('frame_dir') or sample.get('video_id')
    return f'video {str(name)!r}' if name else f'sample {number}'


def finite(values: Any, whose: str, model: str = 'the model') -> np.ndarray:
    """`to_numpy` for predictions that must be finite.

    Args:
        whose: A description for the message, such as ``"scores of video 'a'"``.
        model: The name of the model in the message.

    Raises:
        NotFiniteError: One is NaN or infinite.
    """
    array = to_numpy(values)
    if not np.isfinite(array).all():
        raise NotFiniteError(whose, model)
    return array
