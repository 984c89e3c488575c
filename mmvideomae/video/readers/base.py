"""The interface of all video readers: a length, a rate and frames by index."""

import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from mmvideomae.errors import UserError, one_line
from mmvideomae.storage.remote import AddressError, UnreachableError, without_secrets
from mmvideomae.video.readers.limits import ReadLimits
from mmvideomae.video.readers.sizes import resize_short_side

SIZE_CHANGES = 'the frame size changes within it: transcode it to one size'


class VideoReadError(UserError, RuntimeError):
    """A video, or some of its frames, cannot be read; the message names the file and the reason.

    For an address, it does not contain user or query.  It can be pickled, as data-loader workers
    require.
    """

    def __init__(self, path: str | os.PathLike[str], reason: str) -> None:
        self.path = without_secrets(os.fspath(path))
        super().__init__(f'cannot read video {self.path!r}: {reason}')
        self.reason = reason

    def __reduce__(self) -> tuple[type['VideoReadError'], tuple[str, str]]:
        return type(self), (self.path, self.reason)


class VideoReader(ABC):
    """Random access to the frames of one video.

    Frame ``n`` is the n-th picture in order of presentation, with any time between pictures.
    Pictures are as a player shows them: trimmed by the file's edit list, rotated and mirrored
    by its display matrix, all of one size, and with square pixels: if the aspect ratio of
    stored pixels changes the width by more than 2 percent (less is due to rounding), the
    picture is resized to that width and keeps its height.

    A reader is opened where it is used (inside a data-loader worker), uses one thread and is
    not shared.

    Args:
        path: The file or folder, which every error names.
        limits: Limits of the resources that a video may need.

    Attributes:
        allocate: A function like `np.empty` that allocates memory for frames.
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
        """Time at which each frame appears, in seconds from the first, (F,) float64, ascending.

        All conversions of seconds to frames use these, by `mmvideomae.ops.seconds.frames_at`; a
        varying rate says nothing about a single frame.
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

    def read(
        self, indices: Sequence[int] | np.ndarray, short_side: int | None = None
    ) -> np.ndarray:
        """Read frames in the given order, decoding each once -> (T, H, W, 3) uint8 RGB.

        Args:
            short_side: Resize each frame when it is decoded so that its short side has this
                length; only the resized frames are kept.

        Raises:
            IndexError: An index is negative or not less than ``len(self)``.
            ValueError: The indices are not a flat, non-empty row of integers.
            VideoReadError: A frame cannot be decoded, or the frames exceed a limit.
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
            return self._collect(wanted, short_side)
        except VideoReadError:
            raise
        except Exception as error:  # damage can cause any error
            raise VideoReadError(self.path, cause_of(error)) from error

    def _collect(self, wanted: np.ndarray, short_side: int | None) -> np.ndarray:
        """Decode the frames into one array, without further memory for them."""
        frames: np.ndarray | None = None
        missing: dict[int, list[int]] = {}
        for place, index in enumerate(wanted.tolist()):
            missing.setdefault(index, []).append(place)
        for index, decoded in self._decode(np.unique(wanted)):
            picture = decoded if short_side is None else resize_short_side(decoded, short_side)
            if frames is None:
                frames = self._allocate(len(wanted), picture)
            if picture.shape != frames.shape[1:]:
                raise VideoReadError(self.path, SIZE_CHANGES)
            for place in missing.pop(index, ()):
                frames[place] = picture
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

    def __exit__(self, *reason: object) -> None:
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
    """The cause in one line: the message of the system, of FFmpeg or of Python.

    Raises:
        UnreachableError: The error itself, since the file is not at fault.
    """
    if isinstance(error, UnreachableError):
        raise error
    if isinstance(error, AddressError):
        return error.reason
    words = getattr(error, 'strerror', None)
    if words:
        told = ': this is no video, or a damaged one' if 'Invalid data' in words else ''
        return one_line(words, 200) + told
    text = one_line(error, 200)
    return text if isinstance(error, ValueError) else f'{type(error).__name__}: {text}'
