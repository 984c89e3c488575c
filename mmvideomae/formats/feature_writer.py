"""Write a feature file row by row, so that memory does not grow with the video."""

import os
from pathlib import Path
from types import TracebackType

import numpy as np

from mmvideomae import storage
from mmvideomae.formats.feature_info import FeatureInfo

_TYPE = np.dtype('<f4')


class FeatureWriter:
    """A ``.npy`` file of float32 (L, D) that appears under its name when it is whole.

    Rows are written, not assigned to ``np.lib.format.open_memmap``: on a full disk that kills the
    process (SIGBUS), where a write raises an ``OSError`` of this one video.

    Processes that happen to write the same file do not touch one another's, and features that
    stand always have the description they were written with: the last process to finish wins.

    Args:
        path: Its folder is made.
        rows: L.
        width: D.
        info: The description that is written beside the file.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        rows: int,
        width: int,
        info: FeatureInfo | None = None,
    ) -> None:
        self.path, self._shape, self._info = Path(path), (rows, width), info
        self._temporary = storage.temporary_path(self.path)
        self._written = 0

    def __enter__(self) -> 'FeatureWriter':
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._file = self._temporary.open('wb')
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
        try:
            self._file.close()
            if kind is None:
                self._publish()
        finally:
            storage.remove(self._temporary)

    def _publish(self) -> None:
        if self._written != self._shape[0]:
            raise ValueError(f'{self.path} got {self._written} rows of {self._shape[0]}')
        with storage.in_turn(self.path.parent):
            if self._info is not None:
                storage.remove(self.path)  # the new description does not fit it
                self._info.write(self.path)
            storage.publish(self._temporary, self.path)
