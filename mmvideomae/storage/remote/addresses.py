"""Addresses that fsspec reaches, members of tar files, and texts without their secrets."""

import os
import posixpath
import re
from typing import NamedTuple

_SCHEME = r'[A-Za-z][\w+.-]*'
_ADDRESS = re.compile(rf'{_SCHEME}(?:::{_SCHEME})*://')
_MEMBER = re.compile(r'(.+?\.tar(?:\?[^#]*)?)#(\d+)\+(\d+)/(.+)', re.DOTALL)
# An address in a text: credentials precede the host, and the query may be a signature.
_TOLD = re.compile(rf'({_SCHEME}://)([^/\s?#]*@)?([^\s?\'"]*)(\?[^\s\'"#]+)?')


class Member(NamedTuple):
    """A file inside a tar file, written ``TAR#START+SIZE/NAME``.

    Attributes:
        tar: Path or address of the tar file.
        start, size: Where the bytes of the member lie in it.
        name: Path of the member.
    """

    tar: str
    start: int
    size: int
    name: str

    def __str__(self) -> str:
        return f'{self.tar}#{self.start}+{self.size}/{self.name}'

    @classmethod
    def of(cls, place: str) -> 'Member | None':
        """Read ``TAR#START+SIZE/NAME``; None if the place is not a member of a tar file."""
        found = _MEMBER.fullmatch(place) if '.tar' in place else None
        return found and cls(found[1], int(found[2]), int(found[3]), found[4])


def is_address(path: str | os.PathLike[str]) -> bool:
    """Whether a path is an address such as ``s3://bucket/a.mp4`` rather than a local file."""
    return isinstance(path, str) and _ADDRESS.match(path) is not None


def join_place(folder: str, path: str) -> str:
    """Join a path to a folder or an address; absolute paths and addresses are returned unchanged.

    A query of the folder (a signature, a token) moves behind the path, or that of a tar file.
    """
    if is_address(path):
        return path
    member = Member.of(path)
    if member is not None:
        return str(member._replace(tar=join_place(folder, member.tar)))
    if not is_address(folder) or os.path.isabs(path):
        return os.path.join(folder, path)
    base, mark, query = folder.partition('?')
    return f'{base.rstrip("/")}/{posixpath.normpath(path)}{mark}{query}'


def without_query(path: str) -> str:
    """An address without its query; any other path unchanged."""
    return path.partition('?')[0] if is_address(path) else path


def secrets_of(address: str) -> list[str]:
    """The parts of an address that `without_secrets` leaves out."""
    found = _TOLD.match(address)
    return [part for part in (found[2], found[4]) if part] if found else []


def without_secrets(text: str) -> str:
    """The text without the credentials and queries of its addresses."""
    if '://' not in text:
        return text
    return _TOLD.sub(lambda found: found[1] + found[3] + '?...' * bool(found[4]), text)
