"""Choose the reader of a file."""

import os
import stat
from importlib.util import find_spec

from mmvideomae.datasets.readers.base import VideoReader, VideoReadError, one_line

BACKENDS = ('auto', 'decord', 'pyav', 'torchcodec')


def open_reader(path: str | os.PathLike[str], backend: str = 'auto') -> VideoReader:
    """Open a video file for reading frames.

    Args:
        path: A local video file.
        backend: ``'pyav'``, ``'decord'``, ``'torchcodec'``, or ``'auto'``: PyAV, which is exact
            on whatever its FFmpeg decodes, and decord where PyAV is not installed.

    Raises:
        VideoReadError: The file cannot be read.
        ImportError: The backend is not installed.
        ValueError: No such backend.
    """
    if backend not in BACKENDS:
        raise ValueError(f'unknown backend {backend!r}; choose from {", ".join(BACKENDS)}')
    _check_file(path)
    if backend == 'auto':
        backend = 'pyav' if find_spec('av') else 'decord'
    return _open_with(backend, path)


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
    except (OSError, ValueError) as error:  # a folder on the way may not be entered; a NUL byte
        raise VideoReadError(path, getattr(error, 'strerror', '') or one_line(error)) from None
    if stat.S_ISDIR(status.st_mode):
        raise VideoReadError(path, 'it is a directory')
    if not stat.S_ISREG(status.st_mode):  # reading a pipe would wait for ever
        raise VideoReadError(path, 'it is not a regular file')
    if not os.access(path, os.R_OK):
        raise VideoReadError(path, 'no permission to read it')
    if status.st_size == 0:
        raise VideoReadError(path, 'the file is empty')
