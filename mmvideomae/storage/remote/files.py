"""Open what a path or an address names: whole if it is small, by blocks if it is large."""

import hashlib
import io
import json
import os
import random
import shutil
import tempfile
import time
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, cast

from mmvideomae.storage.remote.addresses import Member, is_address, without_query
from mmvideomae.storage.remote.cache import ByteCache
from mmvideomae.storage.remote.reaching import AddressError, ask, reach
from mmvideomae.storage.remote.settings import RemoteSettings

WHOLE = 2**24
"""Bytes up to which a file is fetched by one request; of others, only blocks that are read."""
_BLOCK = 2**22
_HELD = 4  # blocks of a large file in memory
_TRUSTED = 86_400.0  # seconds until a file is compared with its server again
_AT_ONCE = 16  # requests of `fetch_ahead`
# Under these keys file systems say what changes when a file does, the best first.
_VERSIONS = ('ETag', 'etag', 'md5Hash', 'crc32c', 'LastModified', 'updated', 'mtime', 'created')


class Head(NamedTuple):
    """What tells one state of a file from all others.

    Attributes:
        size: In bytes.
        version: Another one when the file was changed, as far as its server says.
    """

    size: int
    version: str


class _Extent(NamedTuple):
    """Bytes of a file: all of one elsewhere, or a member of a tar file."""

    place: str
    start: int
    head: Head

    def block(self, number: int) -> tuple[int, int]:
        """First byte of a block and the one behind it, counted from those of the file."""
        size = self.head.size
        if size <= WHOLE:
            return self.start, self.start + size
        return self.start + number * _BLOCK, self.start + min((number + 1) * _BLOCK, size)

    def name(self, number: int) -> str:
        """What the cache calls a block."""
        return _digest(f'{self.place} {self.start} {self.head} {number}')

    def fetch(self, number: int) -> bytes:
        """A block from the cache, or from where it lies."""
        begin, end = self.block(number)
        if begin == end:
            return b''
        if not is_address(self.place):
            with open(self.place, 'rb', buffering=0) as file:
                return os.pread(file.fileno(), end - begin, begin)
        cache, name = _cache(), self.name(number)
        data = cache.get(name)
        if data is None:
            data = _download(self.place, begin, end)
            cache.put(name, data)
        return data


class _Bytes(io.BytesIO):
    """A small file, whole in memory."""

    def __init__(self, data: bytes, name: str) -> None:
        super().__init__(data)
        self.name = name


class _Blocks(io.RawIOBase):
    """A large file of which the last blocks are held."""

    def __init__(self, extent: _Extent, name: str) -> None:
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
        number, begin = divmod(self._place, _BLOCK)
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
    """Whether a path names no local file: an address, or a member of a tar file."""
    return is_address(path) or (isinstance(path, str) and Member.of(path) is not None)


def open_bytes(path: str | os.PathLike[str]) -> BinaryIO:
    """Open a local file, an address or a member of a tar file for reading.

    Raises:
        OSError: It cannot be opened (`AddressError`, `UnreachableError` of what is elsewhere).
    """
    extent = _extent(path)
    if extent is None:
        return open(path, 'rb')
    name = os.path.basename(without_query(str(path)))  # by which FFmpeg knows raw streams
    if extent.head.size <= WHOLE:
        return _Bytes(extent.fetch(0), name)
    return cast(BinaryIO, io.BufferedReader(_Blocks(extent, name), 2**20))


def read_fresh(path: str | os.PathLike[str]) -> bytes:
    """All bytes of a file as it is now, whatever the cache holds; errors as `open_bytes`."""
    if not is_address(path) or Member.of(str(path)):
        with open_bytes(path) as file:
            return file.read()
    data: bytes = ask(str(path), 'cat_file')
    return data


@contextmanager
def local_copy(path: str | os.PathLike[str]) -> Iterator[Path]:
    """The path of a local file, for libraries that open nothing else; a copy goes after use.

    Raises:
        OSError: As `open_bytes`.
    """
    if not is_elsewhere(path):
        yield Path(path)
        return
    suffix = os.path.splitext(without_query(os.fspath(path)))[1]
    with tempfile.NamedTemporaryFile(suffix=suffix) as copy:
        if is_address(path) and Member.of(str(path)) is None and head_of(path).size > WHOLE:
            # Not through the cache, from which it would push many small files.
            ask(str(path), 'get_file', copy.name, large=True)
        else:
            with open_bytes(path) as file:
                shutil.copyfileobj(file, copy, _BLOCK)
            copy.flush()
        yield Path(copy.name)


def head_of(path: str | os.PathLike[str]) -> Head:
    """Size and version of a local file, an address or a member of a tar file.

    Raises:
        OSError: As `open_bytes`.
    """
    extent = _extent(path)
    if extent is not None:
        return extent.head
    status = os.stat(path)
    return Head(status.st_size, str(status.st_mtime_ns))


def files_below(folder: str) -> list[str]:
    """Paths of all files below an address, relative to it and sorted.

    Raises:
        AddressError: There is no such folder.
        UnreachableError: Its server does not answer.
    """
    root = f'{reach(folder)[1].rstrip("/")}/'
    found = ask(folder, 'find')
    return sorted(path.removeprefix(root) for path in found if path.startswith(root))


def fetch_ahead(paths: Iterable[str]) -> None:
    """Put small files elsewhere into the cache, many at once, before they are opened in turn.

    What cannot be read is left to its opening to tell.

    Raises:
        UnreachableError: A server does not answer.
    """
    wanted = [path for path in dict.fromkeys(paths) if _is_remote(path)]
    if len(wanted) < 2 or not RemoteSettings.read().most_bytes:
        return
    state = random.getstate()
    try:
        with ThreadPoolExecutor(min(len(wanted), _AT_ONCE)) as pool:
            for _ in pool.map(_fetch_whole, wanted):
                pass
    finally:  # not even in other threads
        random.setstate(state)


def _is_remote(path: str) -> bool:
    member = Member.of(path)
    return is_address(path if member is None else member.tar)


def _fetch_whole(path: str) -> None:
    with suppress(AddressError):
        extent = _extent(path)
        if extent and extent.head.size <= WHOLE and extent.name(0) not in _cache():
            extent.fetch(0)


def _extent(path: str | os.PathLike[str]) -> _Extent | None:
    """Where bytes lie, None of a local file."""
    if not isinstance(path, str):
        return None
    member = Member.of(path)
    if member is not None:
        version = _ask_head(member.tar).version if is_address(member.tar) else ''
        return _Extent(member.tar, member.start, Head(member.size, version))
    return _Extent(path, 0, _ask_head(path)) if is_address(path) else None


def _ask_head(address: str) -> Head:
    """Size and version of a file elsewhere, as the cache knows them or its server says."""
    cache, name = _cache(), _digest(address)
    kept = cache.get(name)
    if kept is not None:
        size, version, asked = json.loads(kept)
        if time.time() - asked < _TRUSTED:
            return Head(size, version)
    info = ask(address, 'info')
    if info.get('type') == 'directory':
        raise AddressError(address, 'it is a directory')
    size = info.get('size')
    version = next((str(info[key]) for key in _VERSIONS if info.get(key)), '')
    if size is None:  # a server that does not say has to be asked for everything
        size = len(ask(address, 'cat_file'))
    cache.put(name, json.dumps([size, version, time.time()]).encode())
    return Head(size, version)


def _download(address: str, begin: int, end: int) -> bytes:
    data: bytes = ask(address, 'cat_file', start=begin, end=end)
    if len(data) > end - begin:  # a server that does not know ranges
        data = data[begin:end]
    if len(data) != end - begin:
        _cache().drop(_digest(address))
        raise AddressError(address, f'it has changed: bytes {begin} to {end} are not there')
    return data


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode('utf-8', 'surrogateescape')).hexdigest()[:40]


def _cache() -> ByteCache:
    settings = RemoteSettings.read()
    return _cache_in(settings.folder, settings.most_bytes)


@lru_cache(maxsize=8)
def _cache_in(folder: Path, most_bytes: int) -> ByteCache:
    return ByteCache(folder, most_bytes)
