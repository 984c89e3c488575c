"""Files that are either whole or absent, whenever the process is killed."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_SUFFIX = '.tmp'


def temporary_path(path: Path) -> Path:
    """Where to write what will become `path`: a hidden neighbour, on the same file system."""
    return path.with_name(f'.{path.name}{_SUFFIX}')


def publish(temporary: Path, path: Path) -> None:
    """Make a written temporary file, or folder of files, appear as `path` at once.

    The content reaches the disk before the name does, so that a power cut leaves the old file
    or the new one, never a truncated one.
    """
    files = [temporary] if temporary.is_file() else sorted(p for p in temporary.rglob('*'))
    for file in files:
        _flush(file)
    if path.is_dir():
        shutil.rmtree(path)
    os.replace(temporary, path)
    _flush(path.parent)


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary path to write to; publish it as `path` unless the block raises."""
    temporary = temporary_path(path)
    try:
        yield temporary
    except BaseException:
        remove(temporary)
        raise
    publish(temporary, path)


def remove(path: Path) -> None:
    """Delete a file or a folder; nothing if there is none."""
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def remove_leftovers(folder: Path) -> list[Path]:
    """Delete temporary files that a killed run left in `folder`, and return them."""
    leftovers = sorted(folder.glob(f'.*{_SUFFIX}'))
    for leftover in leftovers:
        remove(leftover)
    return leftovers


def _flush(path: Path) -> None:
    """Wait until a file's content, or a folder's entries, are on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
