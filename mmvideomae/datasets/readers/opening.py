"""Choose the reader of a file."""

import os
import re
import stat

import numpy as np
from mmengine.logging import MMLogger

from mmvideomae.datasets.readers.base import VideoReader, VideoReadError, one_line
from mmvideomae.datasets.readers.containers import container_of

BACKENDS = ('auto', 'decord', 'pyav', 'torchcodec')

_told: set[str] = set()


def open_reader(path: str | os.PathLike[str], backend: str = 'auto') -> VideoReader:
    """Open a video file for reading frames.

    Args:
        path: A local video file.
        backend: ``'decord'``, ``'pyav'``, ``'torchcodec'``, or ``'auto'``: decord, and
            PyAV for a file that decord cannot read.

    Raises:
        VideoReadError: The file cannot be read; with ``'auto'`` by neither of the two.
        ImportError: The named backend is not installed.
        ValueError: No such backend.
    """
    if backend not in BACKENDS:
        raise ValueError(f'unknown backend {backend!r}; choose from {", ".join(BACKENDS)}')
    _check_file(path)
    if backend == 'auto':
        return AutoReader(path)
    return _open_with(backend, path)


class AutoReader(VideoReader):
    """decord, and PyAV from the moment on when decord cannot read the file.

    decord refuses some files on opening and others on the first frame.  Each
    cause is logged once per process, when PyAV has read such a file.

    Args:
        path: A video file.

    Raises:
        VideoReadError: Neither can read it; holds both reasons.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        super().__init__(path)
        self._refusal = ''  # of decord; empty as long as it reads
        try:
            if container_of(path) == 'avi':
                raise VideoReadError(path, 'frames of AVI files carry no times')
            self._reader = _open_with('decord', path)
        except (VideoReadError, ImportError) as error:
            self._turn_to_pyav(error)

    def __len__(self) -> int:
        return len(self._reader)

    @property
    def fps(self) -> float:
        return self._reader.fps

    @property
    def times(self) -> np.ndarray:
        return self._reader.times

    @property
    def duration(self) -> float:
        return self._reader.duration

    def close(self) -> None:
        self._reader.close()

    def _decode(self, indices: np.ndarray) -> np.ndarray:
        if not self._refusal:
            try:
                return self._reader._decode(indices)
            except VideoReadError as error:
                self._reader.close()
                self._turn_to_pyav(error)
        try:
            if indices[-1] >= len(self._reader):
                raise VideoReadError(self.path, f'only {len(self._reader)} frames can be decoded')
            frames = self._reader._decode(indices)
        except VideoReadError as error:
            raise self._both(error) from None
        _tell_once(self.path, self._refusal)
        return frames

    def _turn_to_pyav(self, error: Exception) -> None:
        self._refusal = _why(error)
        try:
            self._reader = _open_with('pyav', self.path)
        except (VideoReadError, ImportError) as second:
            raise self._both(second) from None

    def _both(self, error: Exception) -> VideoReadError:
        return VideoReadError(self.path, f'decord: {self._refusal}; pyav: {_why(error)}')


def _open_with(backend: str, path: str | os.PathLike[str]) -> VideoReader:
    """Import one backend, only now: each is heavy and the others need not be installed."""
    if backend == 'decord':
        from mmvideomae.datasets.readers.decord_reader import DecordReader

        return DecordReader(path)
    if backend == 'pyav':
        from mmvideomae.datasets.readers.pyav_reader import PyAVReader

        return PyAVReader(path)
    from mmvideomae.datasets.readers.torchcodec_reader import TorchCodecReader

    return TorchCodecReader(path)


def _check_file(path: str | os.PathLike[str]) -> None:
    """Say in plain words what no decoder needs to be asked about."""
    try:
        status = os.stat(path)
    except FileNotFoundError:
        raise VideoReadError(path, 'no such file') from None
    except OSError as error:  # a folder on the way may not be entered, and the like
        raise VideoReadError(path, error.strerror or one_line(error)) from None
    if stat.S_ISDIR(status.st_mode):
        raise VideoReadError(path, 'it is a directory')
    if not stat.S_ISREG(status.st_mode):  # reading a pipe would wait for ever
        raise VideoReadError(path, 'it is not a regular file')
    if not os.access(path, os.R_OK):
        raise VideoReadError(path, 'no permission to read it')
    if status.st_size == 0:
        raise VideoReadError(path, 'the file is empty')


def _why(error: Exception) -> str:
    return error.reason if isinstance(error, VideoReadError) else one_line(error)


def _tell_once(path: str, reason: str) -> None:
    cause = re.sub(r'-?\d+', '#', reason.replace(path, ''))  # numbers differ by file
    if cause not in _told:
        _told.add(cause)
        MMLogger.get_current_instance().warning(
            'reading with PyAV what decord cannot: %s (%s); the same cause is not told again',
            path,
            reason,
        )
