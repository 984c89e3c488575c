"""Write a feature file row by row, so that memory does not grow with the video."""

import os
import socket
from pathlib import Path
from types import TracebackType

import numpy as np

_TYPE = np.dtype('<f4')


class FeatureFile:
    """A ``.npy`` file of float32 (L, D) that appears under its name when it is whole.

    Processes that happen to write the same file do not touch one another's.

    Args:
        path: Its folder is made.
        rows: L.
        width: D.
    """

    def __init__(self, path: str | os.PathLike[str], rows: int, width: int) -> None:
        self.path, self._shape = Path(path), (rows, width)
        self._part = self.path.with_name(
            f'{self.path.name}.{socket.gethostname()}-{os.getpid()}.part'
        )
        self._written = 0

    def __enter__(self) -> 'FeatureFile':
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._file = self._part.open('wb')
        header = {'descr': _TYPE.str, 'fortran_order': False, 'shape': self._shape}
        np.lib.format.write_array_header_1_0(self._file, header)
        return self

    def append(self, rows: np.ndarray) -> None:
        """Write the next rows (n, D)."""
        if rows.ndim != 2 or rows.shape[1] != self._shape[1]:
            raise ValueError(f'rows must be (n, {self._shape[1]}), got {rows.shape}')
        self._file.write(np.ascontiguousarray(rows, _TYPE).tobytes())
        self._written += len(rows)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()
        if kind is None and self._written == self._shape[0]:
            os.replace(self._part, self.path)
            return
        self._part.unlink()
        if kind is None:
            raise ValueError(f'{self.path} got {self._written} rows of {self._shape[0]}')
