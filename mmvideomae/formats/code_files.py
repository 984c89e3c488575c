"""Files of codes: a folder with an array for each video and view, and their settings."""

import math
import os
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from mmvideomae.errors import UserError
from mmvideomae.formats.array_writer import ArrayWriter
from mmvideomae.storage import inside, read_note, write_note

_NAME = 'codes.json'
_TYPE = np.dtype('<i2')


class CodeFileError(UserError, ValueError):
    """Codes cannot be used; the message names the file or folder and says why.

    It can be pickled, as data-loader workers require.
    """

    def __init__(self, path: str | os.PathLike[str], reason: str) -> None:
        super().__init__(f'{os.fspath(path)}: {reason}')
        self.path = os.fspath(path)
        self.reason = reason

    def __reduce__(self) -> tuple[type['CodeFileError'], tuple[str, str]]:
        return type(self), (self.path, self.reason)


@dataclass(frozen=True)
class CodeInfo:
    """How the codes of a folder were made, kept in its ``codes.json``.

    Attributes:
        tokenizer: Class of the tokenizer.
        fingerprint: Fingerprint of its weights.
        num_codes: Codes are less than this.
        factor: Side of the square of pixels that a code represents.
        fps: Frames of codes per second.
        size: Side of the views in pixels.
        views: Names of the views, see `mmvideomae.ops.diagonal_views`.
    """

    tokenizer: str
    fingerprint: str
    num_codes: int
    factor: int
    fps: float
    size: int
    views: tuple[str, ...]

    def __post_init__(self) -> None:
        if not 0 < self.num_codes <= 2**15:
            raise ValueError(f'files of codes allow 1 to {2**15:,} codes, not {self.num_codes:,}')
        if self.size % self.factor:
            raise ValueError(
                f'size {self.size} is not a multiple of {self.factor}, the side of a code'
            )
        object.__setattr__(self, 'views', tuple(self.views))

    @property
    def grid(self) -> tuple[int, int]:
        """Rows and columns of codes in a frame."""
        return self.size // self.factor, self.size // self.factor

    @classmethod
    def read(cls, folder: str | os.PathLike[str]) -> 'CodeInfo':
        """Read the settings of a folder of codes.

        Raises:
            CodeFileError: There is no ``codes.json``, or it is not valid.
        """
        path = Path(folder) / _NAME
        content = read_note(path)
        if content is None:
            raise CodeFileError(
                folder,
                f'has no {_NAME}, which says how codes were made: extract them with '
                'mmvideomae tokens',
            )
        known = {each.name for each in fields(cls)}
        if set(content) != known or not isinstance(content['views'], list):
            raise CodeFileError(path, f'must have the keys {", ".join(sorted(known))}')
        try:
            return cls(**content)
        except (TypeError, ValueError) as error:
            raise CodeFileError(path, str(error)) from None

    def write(self, folder: str | os.PathLike[str]) -> None:
        """Write ``codes.json`` atomically."""
        write_note(Path(folder) / _NAME, asdict(self))

    def check(self, folder: str | os.PathLike[str], expected: Mapping[str, Any]) -> None:
        """Compare with the values of a config or a tokenizer; None matches anything.

        Raises:
            CodeFileError: A value differs, or a view is missing.
        """
        for key, value in expected.items():
            found = getattr(self, key)
            if key == 'views':
                missing = [view for view in value or () if view not in found]
                if missing:
                    raise CodeFileError(
                        folder, f'has no view {missing[0]}; it has {", ".join(found)}'
                    )
            elif value is not None and not _same(found, value):
                raise CodeFileError(
                    folder, f'its codes have {key}={found!r}, but {key}={value!r} is expected'
                )


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, str) or isinstance(other, str):
        return bool(one == other)
    return math.isclose(one, other, rel_tol=1e-6)


def code_path(folder: str | os.PathLike[str], video_id: str, view: str) -> Path:
    """The file of one view of a video.

    Raises:
        OutsideError: The name of the video points outside the folder.
    """
    return inside(Path(folder), video_id) / f'{view}.npy'


def open_codes(path: str | os.PathLike[str], grid: tuple[int, int]) -> np.ndarray:
    """Codes of one view, int16 (F, h, w), as a memory-mapped array.

    Raises:
        FileNotFoundError: The file does not exist.
        CodeFileError: It has no codes with that grid.
    """
    try:
        codes: np.ndarray = np.load(path, mmap_mode='r', allow_pickle=False)
    except FileNotFoundError:
        raise
    except (OSError, ValueError, EOFError) as error:
        raise CodeFileError(path, f'is not an array of codes: {error}') from None
    check_codes(path, codes, grid)
    return codes


def check_codes(path: str | os.PathLike[str], codes: Any, grid: tuple[int, int]) -> None:
    """Check that an array has codes, int16 (F, h, w), with a grid.

    Raises:
        CodeFileError: It does not; the message names the file.
    """
    shape: tuple[int, ...] = getattr(codes, 'shape', ())
    kind = getattr(codes, 'dtype', None)
    if len(shape) != 3 or kind != _TYPE or not shape[0]:
        raise CodeFileError(path, f'holds {kind} {shape}, but codes are int16 (F, h, w)')
    if shape[1:] != grid:
        rows, columns = grid
        raise CodeFileError(
            path,
            f'has {shape[1]} x {shape[2]} codes per frame, but {rows} x {columns} are expected',
        )


class CodeWriter:
    """Write the files of all views of a video, which appear when they are complete.

    Args:
        folder: A folder with its ``codes.json``.
        video_id: Id of the video.
        views: Names of the views to write.
        frames: F.
        grid: Rows and columns of codes.
    """

    def __init__(
        self,
        folder: str | os.PathLike[str],
        video_id: str,
        views: Sequence[str],
        frames: int,
        grid: tuple[int, int],
    ) -> None:
        self._files = [
            ArrayWriter(code_path(folder, video_id, view), (frames, *grid), _TYPE) for view in views
        ]
        self._open = ExitStack()

    def __enter__(self) -> 'CodeWriter':
        for file in self._files:
            self._open.enter_context(file)
        return self

    def append(self, codes: np.ndarray) -> None:
        """Write the next frames (n, V, h, w) of all views."""
        for number, file in enumerate(self._files):
            file.append(codes[:, number])

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._open.__exit__(kind, error, trace)
