"""Write files and folders atomically, also while other processes write them."""

import contextlib
import ctypes
import errno
import hashlib
import os
import shutil
import socket
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePath

from mmvideomae.errors import UserError

_PREFIX = '.tmp-'
_ASIDE = '.old-'  # prefix of a folder that is being replaced
_HERE, _EXCHANGE = -100, 2  # Linux's AT_FDCWD and RENAME_EXCHANGE
_LONGEST_NAME = 200  # file systems allow 255 bytes
_ABANDONED = 7 * 24 * 3600.0  # seconds after which another machine's leftover is deleted


class OutsideError(UserError, ValueError):
    """A name in a file points outside the folder that the user chose."""


def inside(folder: Path, name: str) -> Path:
    """The path in `folder` for a name from a file, such as ``'a/b'``.

    Raises:
        OutsideError: The name is empty, absolute or contains ``..``.
    """
    pure = PurePath(name)
    if not pure.parts or pure.is_absolute() or '..' in pure.parts:
        raise OutsideError(
            f'{name!r} cannot name an output file because it points outside the output folder: '
            "use a relative path without '..'"
        )
    return folder / pure


def temporary_path(path: Path, owner: str | None = None) -> Path:
    """A temporary path beside `path`: a hidden name with the same suffix.

    Args:
        owner: Distinguishes the writers of one path; default: the calling process.  Processes
            that write one folder together pass the same owner.
    """
    name = f'{_PREFIX}{owner or process_name()}-{path.name}'
    if len(os.fsencode(name)) > _LONGEST_NAME:
        digest = hashlib.sha256(os.fsencode(path.name)).hexdigest()[:16]
        name = f'{_PREFIX}{owner or process_name()}-{digest}{path.suffix[:10]}'
    return path.with_name(name)


def process_name() -> str:
    """A name of this process that is unique among machines: ``host-pid``, without other hyphens."""
    return f'{socket.gethostname().replace("-", "_")}-{os.getpid()}'


def publish(temporary: Path, path: Path) -> None:
    """Replace `path` by a finished temporary file or folder in one step.

    The content reaches the disk before the name does, so after a power cut or a kill either the
    old or the new content is there, never part of it and never nothing.
    """
    files = [temporary] if temporary.is_file() else [temporary, *temporary.rglob('*')]
    for file in files:
        _flush(file)
    if path.is_dir() and temporary.is_dir():  # a file never replaces a folder
        _replace_folder(temporary, path)
    else:
        os.replace(temporary, path)
    _flush(path.parent)


def _replace_folder(new: Path, path: Path) -> None:
    """Replace a folder by another, which a rename cannot do.

    Where the two cannot be exchanged, as on a network drive, the old folder is renamed first; if
    the process is killed at that moment, `remove_leftovers` renames it back.
    """
    if _exchange(new, path):
        remove(new)
        return
    aside = path.with_name(f'{_ASIDE}{path.name}')
    remove(aside)
    os.replace(path, aside)
    try:
        os.replace(new, path)
    except BaseException:
        os.replace(aside, path)
        raise
    remove(aside)


def _exchange(one: Path, other: Path) -> bool:
    """Exchange two folders atomically; False if the system cannot."""
    rename = getattr(ctypes.CDLL(None, use_errno=True), 'renameat2', None)  # Linux only
    if rename is None:
        return False
    places = (ctypes.c_int(_HERE), os.fsencode(one), ctypes.c_int(_HERE), os.fsencode(other))
    return rename(*places, ctypes.c_uint(_EXCHANGE)) == 0


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary path to write to; publish it as `path` unless the block raises.

    The folder of `path` is created.  Processes that write the same path use separate temporary
    files; the last to finish wins.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = temporary_path(path)
    try:
        with _told_as(path, temporary):
            yield temporary
            publish(temporary, path)
    except BaseException:
        remove(temporary)
        raise


@contextmanager
def _told_as(path: Path, temporary: Path) -> Iterator[None]:
    """Let errors about a temporary file name the one that a user asked for."""
    try:
        yield
    except OSError as error:
        if error.filename == str(temporary):
            error.filename = str(path)
        raise


def write_text(path: Path, text: str) -> None:
    """Write a UTF-8 file atomically; file names in it that are not UTF-8 keep their bytes."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding='utf-8', errors='surrogateescape')


def read_text(path: Path) -> str:
    """The text that `write_text` wrote.

    Raises:
        OSError: The file cannot be read.
    """
    return path.read_text(encoding='utf-8', errors='surrogateescape')


def check_writable(path: Path) -> None:
    """Fail before the work if its result could not be written to `path` afterwards.

    The folder of `path` is created.

    Raises:
        OSError: The folder cannot be created or written to, or `path` is a folder.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(FileNotFoundError):
        if stat.S_ISDIR(path.stat().st_mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    temporary = temporary_path(path)
    with _told_as(path, temporary):
        temporary.touch()
    remove(temporary)


def remove(path: Path) -> None:
    """Delete a file or a folder if it exists."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


@contextmanager
def taken_back(folder: Path, unless: Callable[[], bool]) -> Iterator[None]:
    """If the block fails, remove what it added to a folder, and the folders that it made.

    Args:
        unless: Whether what was added is worth keeping, asked when the block has failed.
    """
    before = set(folder.iterdir()) if folder.is_dir() else set()
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    try:
        yield
    except BaseException:
        if not unless():
            for path in (set(folder.iterdir()) if folder.is_dir() else set()) - before:
                remove(path)
            with contextlib.suppress(OSError):  # it is not empty
                for path in missing:
                    path.rmdir()
        raise


def remove_leftovers(folder: Path) -> list[Path]:
    """Delete temporary files that killed processes left in `folder`, and return them.

    A file whose writer still runs on this machine stays, as does a recent one from another
    machine.  A folder that was set aside for a replacement that never came gets its name back.
    """
    for aside in sorted(folder.glob(f'{_ASIDE}*')):
        path = aside.with_name(aside.name.removeprefix(_ASIDE))
        if path.exists():
            remove(aside)
        else:
            os.replace(aside, path)
    leftovers = [path for path in sorted(folder.glob(f'{_PREFIX}*')) if not _in_use(path)]
    for leftover in leftovers:
        remove(leftover)
    return leftovers


def _in_use(path: Path) -> bool:
    """Whether the process that a temporary path names may still be writing it."""
    host, _, rest = path.name.removeprefix(_PREFIX).partition('-')
    pid = rest.partition('-')[0]
    if not pid.isdigit():
        return False
    if host != process_name().partition('-')[0]:
        return time.time() - path.stat().st_mtime < _ABANDONED
    if int(pid) == os.getpid():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return False
    except OSError:  # it runs as another user
        return True
    return True


def _flush(path: Path) -> None:
    """Wait until a file's content, or a folder's entries, are on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
