"""The contract of all video readers: a length, a rate and frames by index."""

import os
from abc import ABC, abstractmethod
from collections.abc import Sequence
from types import TracebackType

import numpy as np

from mmvideomae.errors import UserError


class VideoReadError(UserError, RuntimeError):
    """A video, or the wanted frames of it, cannot be read; names the file and the reason.

    It crosses process borders whole (data-loader workers pickle it).
    """

    def __init__(self, path: str | os.PathLike[str], reason: str) -> None:
        super().__init__(f'cannot read video {os.fspath(path)!r}: {reason}')
        self.path = os.fspath(path)
        self.reason = reason

    def __reduce__(self) -> tuple[type['VideoReadError'], tuple[str, str]]:
        return type(self), (self.path, self.reason)


class VideoReader(ABC):
    """Random access to the frames of one video.

    Frame ``n`` is the n-th picture in order of presentation, whatever the time
    between pictures.  Pictures stand as a player shows them: rotated by the
    file's display matrix.  A reader is opened where it is used (inside a
    data-loader worker), takes one thread and is not shared.

    Args:
        path: The file or folder, named by every error.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = os.fspath(path)

    @abstractmethod
    def __len__(self) -> int:
        """Number of frames."""

    @property
    @abstractmethod
    def fps(self) -> float:
        """Average number of frames per second: ``len(self) / self.duration``."""

    @property
    def times(self) -> np.ndarray:
        """When each frame appears, in seconds from the first, (F,) float64, ascending.

        Whatever turns seconds into frames uses these, by `mmvideomae.ops.seconds.frames_at`; the
        rate says nothing about a single frame where it varies.
        """
        return np.arange(len(self)) / (self.fps or 25.0)

    @property
    def duration(self) -> float:
        """Seconds from the first frame's appearance to the end of the last one."""
        return len(self) / (self.fps or 25.0)

    @abstractmethod
    def _decode(self, indices: np.ndarray) -> np.ndarray:
        """Decode frames by ascending indices (n,) without repeats -> (n, H, W, 3) uint8."""

    @abstractmethod
    def close(self) -> None:
        """Release the file; a closed reader must not be read from."""

    def read(self, indices: Sequence[int] | np.ndarray) -> np.ndarray:
        """Read frames in the order asked, each decoded once -> (T, H, W, 3) uint8 RGB.

        Raises:
            IndexError: An index is negative or not below ``len(self)``.
            ValueError: The indices are not a flat, non-empty row of integers.
            VideoReadError: A frame cannot be decoded.
        """
        wanted = np.asarray(indices)
        if wanted.ndim != 1 or wanted.size == 0 or not np.issubdtype(wanted.dtype, np.integer):
            raise ValueError(f'indices must be a non-empty row of integers, got {indices!r}')
        outside = wanted[(wanted < 0) | (wanted >= len(self))]
        if outside.size:
            raise IndexError(
                f'frame {int(outside[0])} is outside 0..{len(self) - 1} of {self.path!r}'
            )
        unique, inverse = np.unique(wanted, return_inverse=True)
        frames = self._decode(unique)
        if np.array_equal(unique, wanted):
            return frames
        return frames[inverse]

    def __enter__(self) -> 'VideoReader':
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def one_line(error: BaseException | str) -> str:
    """Shorten an error to one line that fits into a log."""
    text = ' '.join(str(error).split()) or type(error).__name__
    return text if len(text) <= 200 else text[:197] + '...'
