"""Codes in the format of VIMPAC's released code: one LMDB for each view."""

import io
import os
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from mmvideomae.formats.code_files import CodeFileError, check_codes
from mmvideomae.ops.diagonal_views import DiagonalView

_POSITIONS = {'top': 'top', 'centre': 'center', 'bottom': 'bottom'}
# Names that differ between the released extraction script and training code.
_ALIASES = (('sthv2', 'ssv2'), ('train_val', 'train_test'))


class LabelledCodes(NamedTuple):
    """Codes of a video and the label stored with them."""

    codes: np.ndarray
    """int16 (F, h, w)."""
    label: int


class CodeLmdb:
    """Codes of one view of many videos, keyed by file name without folder and suffix.

    The database is opened for each video, which takes a tenth of a millisecond; an open one could
    not be used by the processes that a data loader forks.  No locks are used, since there are no
    writers.

    Args:
        folder: Folder of one view, which contains ``data.mdb``.
        grid: Rows and columns of codes in a frame.

    Raises:
        CodeFileError: There is no database.
    """

    def __init__(self, folder: str | os.PathLike[str], grid: tuple[int, int]) -> None:
        self.folder, self.grid = os.fspath(folder), grid
        if not (Path(folder) / 'data.mdb').is_file():
            raise CodeFileError(folder, 'has no data.mdb, so it is not an LMDB of codes')

    def names(self) -> list[str]:
        """Names of all videos, in the order of the database."""
        with self._transaction() as transaction:
            return [key.decode() for key in transaction.cursor().iternext(values=False)]

    def read(self, name: str) -> LabelledCodes:
        """The codes of a video.

        Raises:
            FileNotFoundError: The database does not have it.
            CodeFileError: Its value has no codes with the grid.
        """
        with self._transaction() as transaction:
            value = transaction.get(name.encode())
        if value is None:
            raise FileNotFoundError(f'{self.folder} has no video {name!r}')
        where = f'{self.folder}, video {name!r}'
        try:
            with np.load(io.BytesIO(value), allow_pickle=False) as file:
                codes, label = file['tokens'], int(file['label'])
        except (ValueError, KeyError, TypeError, EOFError, OSError, zipfile.BadZipFile) as error:
            raise CodeFileError(where, f'does not hold tokens and a label: {error}') from None
        check_codes(where, codes, self.grid)
        return LabelledCodes(codes, label)

    @contextmanager
    def _transaction(self) -> Iterator[Any]:
        """A transaction that reads from the database.

        Raises:
            ImportError: LMDB is not installed.
            CodeFileError: The file is not a database.
        """
        try:
            import lmdb
        except ImportError:
            raise ImportError(
                f'reading {self.folder} needs the package lmdb: pip install lmdb, or extract the '
                'codes again'
            ) from None
        try:
            database = lmdb.open(
                self.folder, readonly=True, create=False, lock=False, readahead=False
            )
        except lmdb.Error as error:
            raise CodeFileError(self.folder, f'cannot be opened as an LMDB: {error}') from None
        with database, database.begin() as transaction:
            yield transaction


def find_lmdb(
    root: str | os.PathLike[str],
    dataset: str,
    split: str,
    fps: int,
    size: int,
    view: DiagonalView,
) -> Path:
    """The folder of one view below the folder of all views.

    The released scripts use both ``sthv2`` and ``ssv2`` for Something-Something V2, and both
    ``train_val`` and ``train_test`` for all videos of UCF101 or HMDB51; either name is found.

    Args:
        dataset, split: Names such as 'ucf101' and 'train_val'.
        fps: Frames of codes per second, 2 or 16.
        size: Size of the view in pixels.

    Raises:
        CodeFileError: There is no such folder.
    """
    names = [
        f'dalle_{own}_{part}_fps{fps}_hflip{int(view.flip)}_{view.short_side}'
        f'{_POSITIONS[view.position]}{size}'
        for own in _also(dataset)
        for part in _also(split)
    ]
    for name in names:
        if (Path(root) / name).is_dir():
            return Path(root) / name
    raise CodeFileError(root, f'has no folder {" or ".join(names)}')


def _also(name: str) -> list[str]:
    """A name and its aliases."""
    others = [other for pair in _ALIASES if name in pair for other in pair if other != name]
    return [name, *others]
