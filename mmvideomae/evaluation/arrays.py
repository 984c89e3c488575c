"""What models predict, as arrays."""

from typing import Any

import numpy as np


def to_numpy(values: Any) -> np.ndarray:
    """A tensor on any device, an array or nested lists as an array."""
    return values.detach().cpu().numpy() if hasattr(values, 'detach') else np.asarray(values)
