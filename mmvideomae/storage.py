"""Files that are either whole or absent, whenever the process is killed and whoever else writes."""

import contextlib
import errno
import fcntl
import hashlib
import os
import shutil
import socket
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mmvideomae.errors import UserError

_PREFIX = '.tmp-'
_LOCK = '.lock'
_LONGEST_NAME = 200  # file systems allow 255 bytes
_ABANDONED = 7 * 24 * 3600.0  # seconds after which another machine's leftover counts as dead


class LockedError(UserError, RuntimeError):
    """Another process writes to the same folder."""


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

    The content reaches the disk before the name does, so that a power cut leaves the old file
    or the new one, never a truncated one.  A folder that is replaced is moved aside first and
    comes back if the new one cannot take its place.
    """
    files = [temporary] if temporary.is_file() else [temporary, *temporary.rglob('*')]
    for file in files:
        _flush(file)
    if path.is_dir() and temporary.is_dir():  # a file never takes the place of a folder
        aside = temporary_path(path.with_name(f'{path.name}.old'))
        os.replace(path, aside)
        try:
            os.replace(temporary, path)
        except BaseException:
            os.replace(aside, path)
            raise
        remove(aside)
    else:
        os.replace(temporary, path)
    _flush(path.parent)


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
    machine.
    """
    leftovers = [path for path in sorted(folder.glob(f'{_PREFIX}*')) if not _in_use(path)]
    for leftover in leftovers:
        remove(leftover)
    return leftovers


@contextmanager
def locked(folder: Path, what: str) -> Iterator[None]:
    """Hold a folder for one writer; the lock goes with the process, even a killed one.

    Args:
        folder: It is made if missing.
        what: Names the work for the message, such as ``'a training run'``.

    Raises:
        LockedError: Another process holds the folder.
    """
    folder.mkdir(parents=True, exist_ok=True)
    # Read and append: the holder's name must stay readable for those that come later.
    with (folder / _LOCK).open('a+', encoding='utf-8') as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            holder = file.read().strip() or 'unknown'
            raise LockedError(
                f'{folder} is in use by {what} (process {holder}): wait for it, stop it, or '
                'choose another folder'
            ) from None
        except OSError:  # a file system without locks
            yield
            return
        file.seek(0)
        file.truncate()
        file.write(f'{process_name()}\n')
        file.flush()
        yield


@contextmanager
def in_turn(folder: Path) -> Iterator[None]:
    """Wait until no other process is in such a block for `folder`, which must be there.

    For files that are published one after another and belong together.
    """
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):  # a file system without locks
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)  # which ends the lock


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
