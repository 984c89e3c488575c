"""Files and folders that appear whole or not at all, whoever else writes."""

import contextlib
import ctypes
import errno
import hashlib
import os
import shutil
import socket
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePath

from mmvideomae.errors import UserError

_PREFIX = '.tmp-'
_ASIDE = '.old-'  # before the name of a folder that is being replaced
_HERE, _EXCHANGE = -100, 2  # AT_FDCWD and RENAME_EXCHANGE of Linux
_LONGEST_NAME = 200  # file systems allow 255 bytes
_ABANDONED = 7 * 24 * 3600.0  # seconds after which another machine's leftover counts as dead


class OutsideError(UserError, ValueError):
    """A name in a file would choose a place outside the folder that the user chose."""


def inside(folder: Path, name: str) -> Path:
    """Where in `folder` to write what a file calls `name`, such as ``'a/b'``.

    Raises:
        OutsideError: The name is empty or absolute, or has a ``..`` in it.
    """
    pure = PurePath(name)
    if not pure.parts or pure.is_absolute() or '..' in pure.parts:
        raise OutsideError(
            f'{name!r} cannot name what is written, since it leads out of the output folder: it '
            "must be a relative path without '..'"
        )
    return folder / pure


def temporary_path(path: Path, owner: str | None = None) -> Path:
    """Where to write what will become `path`: a hidden neighbour with the same suffix.

    Args:
        owner: Distinguishes the writers of one path.  By default the calling process; processes
            that write one folder together pass the same owner.
    """
    name = f'{_PREFIX}{owner or process_name()}-{path.name}'
    if len(os.fsencode(name)) > _LONGEST_NAME:
        digest = hashlib.sha256(os.fsencode(path.name)).hexdigest()[:16]
        name = f'{_PREFIX}{owner or process_name()}-{digest}{path.suffix[:10]}'
    return path.with_name(name)


def process_name() -> str:
    """Names the calling process among those of all machines: ``host-pid``, no other hyphen."""
    return f'{socket.gethostname().replace("-", "_")}-{os.getpid()}'


def publish(temporary: Path, path: Path) -> None:
    """Make a written temporary file, or folder of files, appear as `path` at once.

    The content reaches the disk before the name does, so that a power cut or a kill leaves the
    old one or the new one, never a truncated one and never neither.
    """
    files = [temporary] if temporary.is_file() else [temporary, *temporary.rglob('*')]
    for file in files:
        _flush(file)
    if path.is_dir() and temporary.is_dir():  # a file never takes the place of a folder
        _replace_folder(temporary, path)
    else:
        os.replace(temporary, path)
    _flush(path.parent)


def _replace_folder(new: Path, path: Path) -> None:
    """Put a folder in the place of another, which no rename can do.

    Where the two cannot change places, as on a network drive, the old folder steps aside for a
    moment; if the process is killed in that moment, `remove_leftovers` puts it back.
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
    """Let two folders change places at once; whether the system can."""
    rename = getattr(ctypes.CDLL(None, use_errno=True), 'renameat2', None)  # of Linux
    if rename is None:
        return False
    places = (ctypes.c_int(_HERE), os.fsencode(one), ctypes.c_int(_HERE), os.fsencode(other))
    return rename(*places, ctypes.c_uint(_EXCHANGE)) == 0


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary path to write to; publish it as `path` unless the block raises.

    The folder of `path` is made.  Processes that write the same path do not touch one another's
    temporary file; the last to finish wins.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = temporary_path(path)
    try:
        yield temporary
        publish(temporary, path)
    except BaseException:
        remove(temporary)
        raise


def write_text(path: Path, text: str) -> None:
    """Write a UTF-8 file whole or not at all; names that are not UTF-8 keep their bytes."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding='utf-8', errors='surrogateescape')


def read_text(path: Path) -> str:
    """What `write_text` wrote.

    Raises:
        OSError: The file cannot be read.
    """
    return path.read_text(encoding='utf-8', errors='surrogateescape')


def check_writable(path: Path) -> None:
    """Fail before the work where its result could not be written as `path` after it.

    The folder of `path` is made.

    Raises:
        OSError: The folder cannot be made or written to, or `path` is a folder.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(FileNotFoundError):
        if stat.S_ISDIR(path.stat().st_mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    temporary = temporary_path(path)
    temporary.touch()
    remove(temporary)


def remove(path: Path) -> None:
    """Delete a file or a folder; nothing if there is none."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def remove_leftovers(folder: Path) -> list[Path]:
    """Delete temporary files that killed processes left in `folder`, and return them.

    A file whose writer still runs on this machine stays, and so does a recent one of another
    machine.  A folder that had stepped aside for a new one that never came takes its name again.
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
    except OSError:  # it runs for another user
        return True
    return True


def _flush(path: Path) -> None:
    """Wait until a file's content, or a folder's entries, are on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
