"""Let only one process at a time write to a folder."""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from mmvideomae.errors import UserError
from mmvideomae.storage.writing import process_name

_LOCK = '.lock'
# Lock files that this process holds.
_held: set[TextIO] = set()


def _leave_locks_to_parent() -> None:
    """Close a forked process's copies, or it would hold the locks after its parent has ended."""
    while _held:
        _held.pop().close()


os.register_at_fork(after_in_child=_leave_locks_to_parent)


class LockedError(UserError, RuntimeError):
    """Another process is writing to the same folder."""


@contextmanager
def locked(folder: Path, what: str) -> Iterator[None]:
    """Lock a folder for one writer; the lock is released when the process ends, even if killed.

    Args:
        folder: Created if missing.
        what: The work, for the message, such as ``'a training run'``.

    Raises:
        LockedError: Another process holds the folder.
    """
    folder.mkdir(parents=True, exist_ok=True)
    # Read and append, so that later processes can still read the holder's name.
    with (folder / _LOCK).open('a+', encoding='utf-8') as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise _locked_error(folder, what, file) from None
        except OSError:  # a file system without locks
            yield
            return
        file.seek(0)
        file.truncate()
        file.write(f'{process_name()}\n')
        file.flush()
        _held.add(file)
        try:
            yield
        finally:
            _held.discard(file)
            with contextlib.suppress(OSError):
                fcntl.flock(file, fcntl.LOCK_UN)  # releases a fork's open copies too


def require_free(folder: Path, what: str) -> None:
    """Refuse a folder that another process has `locked`, before anything is written there.

    Raises:
        LockedError: Another process holds the folder.
    """
    if not (folder / _LOCK).is_file():
        return
    with (folder / _LOCK).open(encoding='utf-8') as file:
        try:
            # Shared, because processes of one run may check at the same time.
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            raise _locked_error(folder, what, file) from None
        except OSError:  # a file system without locks
            return


def _locked_error(folder: Path, what: str, file: TextIO) -> LockedError:
    file.seek(0)
    holder = file.read().strip() or 'unknown'
    return LockedError(
        f'{folder} is in use by {what} (process {holder}): wait for it, stop it, or choose '
        'another folder'
    )


@contextmanager
def in_turn(folder: Path) -> Iterator[None]:
    """Wait until no other process is in such a block for `folder`, which must exist.

    For files that are published one after another and belong together.
    """
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):  # a file system without locks
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)  # releases the lock
