"""Fetch remote files through the cache, in blocks or many files at once."""

import hashlib
import json
import os
import random
import time
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from mmvideomae.storage.remote.addresses import Member, is_address
from mmvideomae.storage.remote.cache import ByteCache
from mmvideomae.storage.remote.reaching import AddressError, ask
from mmvideomae.storage.remote.settings import RemoteSettings

WHOLE = 2**24
"""Files of up to so many bytes are fetched by one request, larger ones block by block."""
BLOCK = 2**22
"""Bytes of a block; a divisor of `WHOLE`."""
_TRUSTED = 86_400.0  # seconds until a file is compared with its server again
_AT_ONCE = 32  # requests of `fetch_ahead`
# Keys under which file systems give what identifies a version, best first.
_VERSIONS = ('ETag', 'etag', 'md5Hash', 'crc32c', 'LastModified', 'updated', 'mtime', 'created')


class Head(NamedTuple):
    """What identifies the state of a file.

    Attributes:
        size: In bytes.
        version: Changes when the file changes, as far as its server says.
    """

    size: int
    version: str


class Extent(NamedTuple):
    """A range of bytes: a whole remote file, or a member of a tar file."""

    place: str
    start: int
    head: Head

    @classmethod
    def of(cls, path: str | os.PathLike[str]) -> 'Extent | None':
        """Where the bytes of a path are; None for a local file.

        Raises:
            AddressError: There is nothing, see `ask`.
            UnreachableError: Its server does not answer.
        """
        if not isinstance(path, str):
            return None
        member = Member.of(path)
        if member is not None:
            version = _ask_head(member.tar).version if is_address(member.tar) else ''
            return cls(member.tar, member.start, Head(member.size, version))
        return cls(path, 0, _ask_head(path)) if is_address(path) else None

    @property
    def small(self) -> bool:
        """Whether all bytes are fetched at once."""
        return self.head.size <= WHOLE

    def place_of(self, byte: int) -> tuple[int, int]:
        """The block that holds a byte of a large file, and its place there."""
        return divmod(byte, BLOCK)

    def block(self, number: int) -> tuple[int, int]:
        """First byte of a block, and the byte after its last, in the file."""
        size = self.head.size
        if self.small:
            return self.start, self.start + size
        return self.start + number * BLOCK, self.start + min((number + 1) * BLOCK, size)

    def name(self, number: int) -> str:
        """The name of a block in the cache."""
        return _digest(f'{self.place} {self.start} {self.head} {number}')

    def fetch(self, number: int) -> bytes:
        """Get a block from the cache, or else from its place."""
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

    def keep(self, data: bytes) -> None:
        """Put the first bytes of a file, `WHOLE` at most, into the cache."""
        if len(data) != min(self.head.size, WHOLE):
            return  # the file changed between two requests
        for number in range(1 if self.small else WHOLE // BLOCK):
            begin, end = self.block(number)
            _cache().put(self.name(number), data[begin:end])


def fetch_ahead(paths: Iterable[str]) -> None:
    """Fetch small remote files into the cache, many at once, before they are opened.

    Files that cannot be read raise their error when they are opened.

    Raises:
        UnreachableError: A server does not answer.
    """
    wanted = [path for path in dict.fromkeys(paths) if _is_remote(path)]
    if len(wanted) < 2 or not RemoteSettings.read().most_bytes:
        return
    state = random.getstate()
    try:
        with ThreadPoolExecutor(min(2 * len(wanted), _AT_ONCE)) as pool:
            # Unknown files are requested without waiting for their size.
            guesses = [
                None if Member.of(path) or _kept_head(path) else pool.submit(_fetch_start, path)
                for path in wanted
            ]
            for _ in pool.map(_fetch_whole, wanted, guesses):
                pass
    finally:  # not even in other threads
        random.setstate(state)


def _is_remote(path: str) -> bool:
    member = Member.of(path)
    return is_address(path if member is None else member.tar)


def _fetch_start(address: str) -> bytes:
    data: bytes = ask(address, 'cat_file', start=0, end=WHOLE)
    return data


def _fetch_whole(path: str, guess: 'Future[bytes] | None') -> None:
    with suppress(AddressError):
        extent = Extent.of(path)
        if extent and guess:
            extent.keep(guess.result())
        elif extent and extent.small and extent.name(0) not in _cache():
            extent.fetch(0)


def _ask_head(address: str) -> Head:
    """Size and version of a remote file, from the cache or its server."""
    kept = _kept_head(address)
    if kept is not None:
        return kept
    info = ask(address, 'info')
    if info.get('type') == 'directory':
        raise AddressError(address, 'it is a directory')
    size = info.get('size')
    version = next((str(info[key]) for key in _VERSIONS if info.get(key)), '')
    if size is None:  # the server does not say: count the bytes
        size = len(ask(address, 'cat_file'))
    _cache().put(_digest(address), json.dumps([size, version, time.time()]).encode())
    return Head(size, version)


def _kept_head(address: str) -> Head | None:
    """What the cache holds, unless it is time to ask again."""
    kept = _cache().get(_digest(address))
    if kept is None:
        return None
    size, version, asked = json.loads(kept)
    return Head(size, version) if time.time() - asked < _TRUSTED else None


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
