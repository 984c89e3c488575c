"""What models predict, as arrays."""

from typing import Any

import numpy as np

from mmvideomae.errors import UserError


class NotFiniteError(UserError, ValueError):
    """Predictions that are no numbers; the message names the sample."""


def to_numpy(values: Any) -> np.ndarray:
    """A tensor on any device, an array or nested lists as an array."""
    return values.detach().cpu().numpy() if hasattr(values, 'detach') else np.asarray(values)


def finite(values: Any, whose: str) -> np.ndarray:
    """As `to_numpy`, of predictions that have to be numbers.

    Args:
        whose: What they are, for the message, such as ``"scores of video 'a'"``.

    Raises:
        NotFiniteError: One is NaN or infinite.
    """
    array = to_numpy(values)
    if not np.isfinite(array).all():
        raise NotFiniteError(
            f'the {whose} are not finite numbers, so nothing can be measured: the weights of the '
            'model or its input are broken'
        )
    return array
