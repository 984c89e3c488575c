"""Choose the reader of a file."""

import errno
import os
import stat
import time
from collections import OrderedDict
from functools import cache

from mmvideomae.errors import warn
from mmvideomae.storage.remote import head_of, is_elsewhere
from mmvideomae.video.readers.base import VideoReader, VideoReadError, cause_of
from mmvideomae.video.readers.file_state import FileKey
from mmvideomae.video.readers.limits import ReadLimits

BACKENDS = ('auto', 'decord', 'pyav', 'torchcodec')
_MOST_REMEMBERED = 4096
_PASSING = (errno.ENOMEM, errno.EMFILE, errno.ENFILE, errno.EIO, errno.EINTR, errno.ESTALE)
_TICK = 0.1  # seconds within which two changes may have one modification time

# Why files cannot be opened, by all that could change it: an epoch comes back to each.
_refused: OrderedDict[tuple[object, ...], str] = OrderedDict()


def open_reader(
    path: str | os.PathLike[str],
    backend: str = 'auto',
    limits: ReadLimits | None = None,
    square_pixels: bool = True,
    index_folder: str | None = None,
) -> VideoReader:
    """Open a video file for reading frames.

    A file that was refused is not looked at again by this process as long as its size and
    modification time stay.

    Args:
        path: A local video file, an address that fsspec reaches, or a member of a tar file
            (``TAR#START+SIZE/NAME``).
        backend: ``'pyav'``, ``'decord'``, ``'torchcodec'``, or ``'auto'``: PyAV, which is exact
            on whatever its FFmpeg decodes, and decord where PyAV is not installed.
        limits: How much the video may ask for.
        square_pixels: Show pictures whose pixels are not square as a player does; False leaves
            them as they are stored, as the released code of the papers does.
        index_folder: Where PyAV keeps what it found out about files, see `PyAVReader`.

    Raises:
        VideoReadError: The file cannot be read, or is over a limit.
        ImportError: The backend is not installed.
        ValueError: No such backend.
    """
    if backend not in BACKENDS:
        raise ValueError(f'unknown backend {backend!r}; choose from {", ".join(BACKENDS)}')
    state, changed = check_file(path)
    limits = limits or ReadLimits()
    key = (*state, backend, limits, square_pixels)
    if key in _refused:
        raise VideoReadError(path, _refused[key])
    try:
        return _open_with(backend, path, limits, square_pixels, index_folder)
    except ImportError:
        raise
    except VideoReadError as error:
        _remember(key, changed, error.reason, error.__context__)
        raise
    except Exception as error:  # damage can surface as anything
        refusal = VideoReadError(path, cause_of(error))
        _remember(key, changed, refusal.reason, error)
        raise refusal from error


def index_key_of(
    path: str, backend: str, limits: ReadLimits, square_pixels: bool
) -> FileKey | None:
    """What a reader's knowledge about a file depends on; None if the reader keeps none."""
    if backend not in ('auto', 'pyav'):
        return None
    try:
        from mmvideomae.video.readers.pyav_reader import index_key
    except ModuleNotFoundError:
        return None
    return index_key(path, limits, square_pixels)


def _remember(
    key: tuple[object, ...], changed: float, reason: str, cause: BaseException | None
) -> None:
    """Keep a refusal, unless the machine is to blame or the file may be changed unseen."""
    if isinstance(cause, MemoryError) or getattr(cause, 'errno', None) in _PASSING:
        return
    if time.time() - changed > _TICK:
        _refused[key] = reason
        if len(_refused) > _MOST_REMEMBERED:
            _refused.popitem(last=False)


def _open_with(
    backend: str,
    path: str | os.PathLike[str],
    limits: ReadLimits,
    square_pixels: bool,
    index_folder: str | None,
) -> VideoReader:
    """Open with a backend, which is imported only now: it may be slow or not installed."""
    if backend == 'torchcodec':
        from mmvideomae.video.readers.torchcodec_reader import TorchCodecReader

        return TorchCodecReader(path, limits, square_pixels)
    if backend in ('auto', 'pyav'):
        try:
            from mmvideomae.video.readers.pyav_reader import PyAVReader
        except ModuleNotFoundError:
            if backend == 'pyav':
                raise
            _warn_without_pyav()
        else:
            return PyAVReader(path, limits, square_pixels, index_folder=index_folder)
    from mmvideomae.video.readers.decord_reader import DecordReader

    return DecordReader(path, limits, square_pixels)


@cache
def _warn_without_pyav() -> None:
    warn('PyAV is not installed (pip install av): decord decodes each video from its start, slowly')


def check_file(path: str | os.PathLike[str]) -> tuple[tuple[object, ...], float]:
    """Say in plain words what no decoder needs to be asked about.

    Returns:
        What stays as long as the file does, and when it was changed last, in seconds.

    Raises:
        VideoReadError: There is no file, or none that may and can be read.
    """
    if is_elsewhere(path):
        return _check_elsewhere(os.fspath(path)), 0.0
    try:
        status = os.stat(path)
    except FileNotFoundError:
        raise VideoReadError(path, 'no such file') from None
    except (OSError, ValueError) as error:  # a folder on the way may not be entered; a NUL byte
        raise VideoReadError(path, cause_of(error)) from None
    if stat.S_ISDIR(status.st_mode):
        raise VideoReadError(path, 'it is a directory')
    if not stat.S_ISREG(status.st_mode):  # reading a pipe would wait for ever
        raise VideoReadError(path, 'it is not a regular file')
    if not os.access(path, os.R_OK):
        raise VideoReadError(path, 'no permission to read it')
    if status.st_size == 0:
        raise VideoReadError(path, 'the file is empty')
    return (os.path.abspath(path), status.st_mtime_ns, status.st_size), status.st_mtime


def _check_elsewhere(path: str) -> tuple[object, ...]:
    try:
        head = head_of(path)
    except OSError as error:
        raise VideoReadError(path, cause_of(error)) from None
    if not head.size:
        raise VideoReadError(path, 'the file is empty')
    return path, *head
