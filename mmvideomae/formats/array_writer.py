"""Write an array file row by row, with memory independent of the video's length."""

import os
from pathlib import Path
from types import TracebackType
from typing import TypeVar

import numpy as np
from numpy.typing import DTypeLike

from mmvideomae import storage

Self = TypeVar('Self', bound='ArrayWriter')


class ArrayWriter:
    """Write a ``.npy`` file that appears when it is complete.

    Rows are written instead of being assigned to ``np.lib.format.open_memmap``, which on a full
    disk kills the process (SIGBUS); a write raises an ``OSError`` for this video only.

    Processes that write the same file do not interfere: the last to finish wins.

    Args:
        path: The file; its folder is created.
        shape: Shape of the array, starting with the number of rows.
        dtype: Type of the array.
    """

    def __init__(
        self, path: str | os.PathLike[str], shape: tuple[int, ...], dtype: DTypeLike
    ) -> None:
        self.path, self._shape, self._type = Path(path), tuple(shape), np.dtype(dtype)
        self._temporary = storage.temporary_path(self.path)
        self._written = 0

    def __enter__(self: Self) -> Self:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._file = self._temporary.open('wb')
        header = {'descr': self._type.str, 'fortran_order': False, 'shape': self._shape}
        np.lib.format.write_array_header_1_0(self._file, header)
        return self

    def append(self, rows: np.ndarray) -> None:
        """Write the next rows (n, ...)."""
        if rows.ndim != len(self._shape) or rows.shape[1:] != self._shape[1:]:
            wanted = ', '.join(map(str, self._shape[1:]))
            raise ValueError(f'rows must be (n, {wanted}), got {rows.shape}')
        self._file.write(np.ascontiguousarray(rows, self._type).tobytes())
        self._written += len(rows)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            self._file.close()
            if kind is None:
                if self._written != self._shape[0]:
                    raise ValueError(f'{self.path} got {self._written} rows of {self._shape[0]}')
                self._publish()
        finally:
            storage.remove(self._temporary)

    def _publish(self) -> None:
        storage.publish(self._temporary, self.path)
