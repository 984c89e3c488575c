"""A bounded cache of bytes on the local disk, shared by processes and kept for later runs."""

import os
import threading
import time
import zlib
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path

from mmvideomae.errors import warn
from mmvideomae.storage.locks import in_turn
from mmvideomae.storage.writing import process_name, temporary_path

_TOTAL = 'total'  # the file that says how many bytes all others take
_KEEP = 0.9  # share of the bound that is left when room is made, so that this is rare
_SUM = 4  # bytes of the checksum behind the data: after a power cut a file may hold anything

_ABANDONED = 3600.0  # seconds
_RECENT = 3  # byte strings in memory
_lock = threading.Lock()


class ByteCache:
    """Byte strings by name; the least recently used are deleted when they exceed the bound.

    Any number of processes and threads may share a folder; all should set the same bound.

    Args:
        folder: Created when something is stored.
        most_bytes: Upper bound of all files; 0 keeps nothing.
    """

    def __init__(self, folder: Path, most_bytes: int) -> None:
        self.folder = folder
        self.most_bytes = most_bytes
        # What was used last, for opening a file more than once where there is no room for it.
        self._recent: OrderedDict[str, bytes] = OrderedDict()

    def __contains__(self, name: str) -> bool:
        return self._path(name).is_file()

    def get(self, name: str) -> bytes | None:
        """The bytes stored under a name; None if they are not there (any more)."""
        recent = self._recent.get(name)
        if recent is not None:
            return recent
        path = self._path(name)
        try:
            data = path.read_bytes()
            status = path.stat()
            # The time of the last change stays: only this one says what was used.
            os.utime(path, ns=(time.time_ns(), status.st_mtime_ns))
        except OSError:
            return None
        held, check = data[:-_SUM], data[-_SUM:]
        if zlib.crc32(held).to_bytes(_SUM, 'big') != check:
            return None
        self._remember(name, held)
        return held

    def put(self, name: str, data: bytes) -> None:
        """Store bytes unless there is no room; a full disk causes one warning and no error."""
        self._remember(name, data)
        size = len(data) + _SUM
        if size > self.most_bytes * _KEEP:
            return
        path = self._path(name)
        owner = f'{process_name()}-{threading.get_ident()}'
        temporary = temporary_path(self.folder / name, owner)
        try:
            # What credentials gave access to is for this user alone.
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            path.parent.mkdir(exist_ok=True)
            with temporary.open('wb') as file:
                file.write(data)
                file.write(zlib.crc32(data).to_bytes(_SUM, 'big'))
            with in_turn(self.folder):
                total = self._total()
                if total + size > self.most_bytes:
                    total = self._make_room(int(self.most_bytes * _KEEP) - size)
                total += size - _size(path)
                os.replace(temporary, path)
                (self.folder / _TOTAL).write_text(str(total))
        except OSError as error:
            with suppress(OSError):
                temporary.unlink()
            _warn(str(self.folder), error.strerror or str(error))

    def drop(self, name: str) -> None:
        """Delete the bytes under a name."""
        self._recent.pop(name, None)
        self._path(name).unlink(missing_ok=True)

    def _remember(self, name: str, data: bytes) -> None:
        with _lock:
            self._recent[name] = data
            while len(self._recent) > _RECENT:
                self._recent.popitem(last=False)

    def _path(self, name: str) -> Path:
        return self.folder / name[:2] / name

    def _total(self) -> int:
        try:
            return int((self.folder / _TOTAL).read_text())
        except (OSError, ValueError):
            return sum(size for _, size, _ in self._files())

    def _make_room(self, most: int) -> int:
        """Delete the least recently used until ``most`` bytes are left; return the bytes left."""
        for part in self.folder.glob('.*'):  # of processes that were killed while they wrote
            if time.time() - part.stat().st_mtime > _ABANDONED:
                part.unlink(missing_ok=True)
        files = sorted(self._files())
        total = sum(size for _, size, _ in files)
        for _, size, path in files:
            if total <= most:
                break
            Path(path).unlink(missing_ok=True)
            total -= size
        return total

    def _files(self) -> Iterator[tuple[int, int, str]]:
        """Last use, bytes and path of all files."""
        for part in os.scandir(self.folder):
            for entry in os.scandir(part) if part.is_dir() else ():
                with suppress(FileNotFoundError):  # dropped meanwhile
                    status = entry.stat()
                    yield status.st_atime_ns, status.st_size, entry.path


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


@cache
def _warn(folder: str, reason: str) -> None:
    warn(
        f'cannot write to the cache {folder} ({reason}), so remote files are fetched each time: '
        'free some space, or set MMVIDEOMAE_CACHE to another folder'
    )
