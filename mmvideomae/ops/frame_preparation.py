"""How the frames of an encoder of another library are prepared."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np


class FramePreparation(NamedTuple):
    """What an encoder was trained with; colours are RGB.

    The short side of a frame becomes ``short_side``, the middle square of ``size`` is cut out, and
    pixels in 0 to 255 are normalised.
    """

    size: int
    short_side: int
    interpolation: str
    """'bilinear' or 'bicubic', both with smoothing."""
    mean: tuple[float, ...]
    """In 0 to 255."""
    std: tuple[float, ...]

    def refuse_other(self, given: Mapping[str, Any]) -> None:
        """Refuse settings that contradict the encoder's.

        Args:
            given: Settings by the names of these fields; None and other names are ignored.

        Raises:
            ValueError: One does.
        """
        for name, own in self._asdict().items():
            value = given.get(name)
            if value is None:
                continue
            same = value == own if isinstance(own, str) else np.allclose(value, own, atol=1e-3)
            if not same:
                raise ValueError(
                    f'{name}={value} contradicts the encoder, which was trained with {own}: '
                    'leave it out, and the encoder sets it'
                )
