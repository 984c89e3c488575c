"""Open local files, addresses and members of tar files; large ones are read by blocks."""

import io
import os
import shutil
import tempfile
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, cast

from mmvideomae.storage.remote.addresses import Member, is_address, without_query
from mmvideomae.storage.remote.fetching import Extent, Head
from mmvideomae.storage.remote.reaching import NOTHING_THERE, AddressError, ask, reach

_HELD = 4  # blocks of a large file in memory


class _Bytes(io.BytesIO):
    """A small file, whole in memory."""

    def __init__(self, data: bytes, name: str) -> None:
        super().__init__(data)
        self.name = name


class _Blocks(io.RawIOBase):
    """A large file, of which the most recent blocks are kept in memory."""

    def __init__(self, extent: Extent, name: str) -> None:
        self.name = name
        self._extent = extent
        self._place = 0
        self._held: OrderedDict[int, bytes] = OrderedDict()

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._place

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._place, os.SEEK_END: self._extent.head.size}
        self._place = max(0, base[whence] + offset)
        return self._place

    def readinto(self, buffer: Any) -> int:
        number, begin = self._extent.place_of(self._place)
        if self._place >= self._extent.head.size:
            return 0
        if number not in self._held:
            self._held[number] = self._extent.fetch(number)
        self._held.move_to_end(number)
        if len(self._held) > _HELD:
            self._held.popitem(last=False)
        data = memoryview(self._held[number])[begin : begin + len(buffer)]
        buffer[: len(data)] = data
        self._place += len(data)
        return len(data)


def is_elsewhere(path: str | os.PathLike[str]) -> bool:
    """Whether a path is an address or a member of a tar file."""
    return is_address(path) or (isinstance(path, str) and Member.of(path) is not None)


def open_bytes(path: str | os.PathLike[str]) -> BinaryIO:
    """Open a local file, an address or a member of a tar file for reading.

    Raises:
        OSError: It cannot be opened (`AddressError` or `UnreachableError` for remote files).
    """
    extent = Extent.of(path)
    if extent is None:
        return open(path, 'rb')
    name = os.path.basename(without_query(str(path)))  # FFmpeg recognizes raw streams by it
    if extent.small:
        return _Bytes(extent.fetch(0), name)
    return cast(BinaryIO, io.BufferedReader(_Blocks(extent, name), 2**20))


def read_fresh(path: str | os.PathLike[str]) -> bytes:
    """Read a whole file without the cache; errors as for `open_bytes`."""
    if not is_address(path) or Member.of(str(path)):
        with open_bytes(path) as file:
            return file.read()
    data: bytes = ask(str(path), 'cat_file')
    return data


@contextmanager
def local_copy(path: str | os.PathLike[str]) -> Iterator[Path]:
    """A local path for libraries that need one; a temporary copy is deleted after use.

    Raises:
        OSError: As `open_bytes`.
    """
    extent = Extent.of(path)
    if extent is None:
        yield Path(path)
        return
    place = str(path)
    with tempfile.NamedTemporaryFile(suffix=os.path.splitext(without_query(place))[1]) as copy:
        if place == extent.place and not extent.small:
            # Not through the cache, where it would displace many small files.
            ask(place, 'get_file', copy.name, large=True)
        else:
            with open_bytes(path) as file:
                shutil.copyfileobj(file, copy)
            copy.flush()
        yield Path(copy.name)


def head_of(path: str | os.PathLike[str]) -> Head:
    """Size and version of a local file, an address or a member of a tar file.

    Raises:
        OSError: As `open_bytes`.
    """
    extent = Extent.of(path)
    if extent is not None:
        return extent.head
    status = os.stat(path)
    return Head(status.st_size, str(status.st_mtime_ns))


def is_there(path: str | os.PathLike[str]) -> bool:
    """Whether a local file or folder, or a file at an address, exists.

    Raises:
        AddressError: It may not be read.
        UnreachableError: Its server does not answer.
    """
    if not is_address(path):
        return os.path.exists(path)
    try:
        head_of(path)
    except AddressError as error:
        if error.reason != NOTHING_THERE:
            raise
        return False
    return True


def files_below(folder: str) -> list[str]:
    """Paths of all files below an address, relative to it and sorted.

    Raises:
        AddressError: There is no such folder.
        UnreachableError: Its server does not answer.
    """
    root = f'{reach(folder)[1].rstrip("/")}/'
    found = ask(folder, 'find')
    return sorted(path.removeprefix(root) for path in found if path.startswith(root))
