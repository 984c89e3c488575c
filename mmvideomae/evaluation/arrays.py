"""What models predict, as arrays."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from mmvideomae.errors import NotFiniteError


def to_numpy(values: Any) -> np.ndarray:
    """A tensor on any device, an array or nested lists as an array."""
    return values.detach().cpu().numpy() if hasattr(values, 'detach') else np.asarray(values)


def name_of(sample: Mapping[str, Any], number: int) -> str:
    """How a message calls a sample: by its file, or by its number, from 0 on."""
    name = sample.get('filename') or sample.get('frame_dir') or sample.get('video_id')
    return f'video {str(name)!r}' if name else f'sample {number}'


def finite(values: Any, whose: str, model: str = 'the model') -> np.ndarray:
    """As `to_numpy`, of predictions that have to be numbers.

    Args:
        whose: What they are, for the message, such as ``"scores of video 'a'"``.
        model: What to call whose they are.

    Raises:
        NotFiniteError: One is NaN or infinite.
    """
    array = to_numpy(values)
    if not np.isfinite(array).all():
        raise NotFiniteError(whose, model)
    return array
