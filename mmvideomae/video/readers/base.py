"""The contract of all video readers: a length, a rate and frames by index."""

import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from types import TracebackType

import numpy as np

from mmvideomae.errors import UserError, one_line
from mmvideomae.storage.remote import AddressError, UnreachableError, without_secrets
from mmvideomae.video.readers.limits import ReadLimits

SIZE_CHANGES = 'the frame size changes within it: transcode it to one size'


class VideoReadError(UserError, RuntimeError):
    """A video, or the wanted frames of it, cannot be read; names the file and the reason.

    Of an address it tells neither user nor query.  It crosses process borders whole (data-loader
    workers pickle it).
    """

    def __init__(self, path: str | os.PathLike[str], reason: str) -> None:
        self.path = without_secrets(os.fspath(path))
        super().__init__(f'cannot read video {self.path!r}: {reason}')
        self.reason = reason

    def __reduce__(self) -> tuple[type['VideoReadError'], tuple[str, str]]:
        return type(self), (self.path, self.reason)


class VideoReader(ABC):
    """Random access to the frames of one video.

    Frame ``n`` is the n-th picture in order of presentation, whatever the time
    between pictures.  Pictures are as a player shows them: trimmed by the file's edit
    list, turned and mirrored by its display matrix, all of one size, and with square pixels:
    where the aspect of stored pixels changes the width by more than 2 percent (less comes from
    rounding), the picture is resized to that width and keeps its height.

    A reader is opened where it is used (inside a data-loader worker), takes one
    thread and is not shared.

    Args:
        path: The file or folder, named by every error.
        limits: How much the video may ask for.

    Attributes:
        allocate: Where memory for frames comes from, in the manner of `np.empty`.
    """

    def __init__(self, path: str | os.PathLike[str], limits: ReadLimits | None = None) -> None:
        self.path = os.fspath(path)
        self.limits = limits or ReadLimits()
        self.allocate: Callable[[tuple[int, ...], np.dtype], np.ndarray] = np.empty

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
    def _decode(self, indices: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
        """Index and picture (H, W, 3) uint8 of frames, in any order.

        Args:
            indices: Ascending, without repeats, (n,).
        """

    @abstractmethod
    def close(self) -> None:
        """Release the file; a closed reader must not be read from."""

    def read(self, indices: Sequence[int] | np.ndarray) -> np.ndarray:
        """Read frames in the order asked, each decoded once -> (T, H, W, 3) uint8 RGB.

        Raises:
            IndexError: An index is negative or not below ``len(self)``.
            ValueError: The indices are not a flat, non-empty row of integers.
            VideoReadError: A frame cannot be decoded, or the frames are over a limit.
        """
        wanted = np.asarray(indices)
        if wanted.ndim != 1 or wanted.size == 0 or not np.issubdtype(wanted.dtype, np.integer):
            raise ValueError(f'indices must be a non-empty row of integers, got {indices!r}')
        outside = wanted[(wanted < 0) | (wanted >= len(self))]
        if outside.size:
            raise IndexError(
                f'frame {int(outside[0])} is outside 0..{len(self) - 1} of {self.path!r}'
            )
        try:
            return self._collect(wanted)
        except VideoReadError:
            raise
        except Exception as error:  # damage can surface as anything
            raise VideoReadError(self.path, cause_of(error)) from error

    def _collect(self, wanted: np.ndarray) -> np.ndarray:
        """Decode the frames into one array, which is all the memory that they take."""
        frames: np.ndarray | None = None
        missing = set(wanted.tolist())
        for index, picture in self._decode(np.unique(wanted)):
            if frames is None:
                frames = self._allocate(len(wanted), picture)
            if picture.shape != frames.shape[1:]:
                raise VideoReadError(self.path, SIZE_CHANGES)
            frames[wanted == index] = picture
            missing.discard(index)
        if frames is None or missing:
            raise VideoReadError(
                self.path, f'frame {min(missing)} of {len(self)} could not be decoded'
            )
        return frames

    def _allocate(self, count: int, picture: np.ndarray) -> np.ndarray:
        height, width = picture.shape[:2]
        what = f'reading {count} frames of {width}x{height} takes'
        reason = self.limits.excess('bytes', count * picture.nbytes, what)
        if reason:
            raise VideoReadError(self.path, reason)
        return self.allocate((count, *picture.shape), picture.dtype)

    def __enter__(self) -> 'VideoReader':
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


class TimedReader(VideoReader):
    """A reader that knows the times of all frames, ``_times`` (F,), and the rate, ``_fps``."""

    _times: np.ndarray
    _fps: float

    def __len__(self) -> int:
        return len(self._times)

    @property
    def fps(self) -> float:
        return self._fps

    @property
    def times(self) -> np.ndarray:
        return self._times


def cause_of(error: Exception) -> str:
    """What went wrong, in one line: the words of the system or of FFmpeg, or Python's.

    Raises:
        UnreachableError: The error itself, which is no fault of a file.
    """
    if isinstance(error, UnreachableError):
        raise error
    if isinstance(error, AddressError):
        return error.reason
    words = getattr(error, 'strerror', None)
    if words:
        return one_line(words, 200)
    text = one_line(error, 200)
    return text if isinstance(error, ValueError) else f'{type(error).__name__}: {text}'
