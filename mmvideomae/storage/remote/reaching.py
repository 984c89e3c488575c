"""Call fsspec's file systems, and retry while they do not answer."""

import asyncio
import errno
import os
import random
import threading
import time
from collections.abc import Iterator
from typing import Any

import fsspec

from mmvideomae.errors import UserError, one_line, warn
from mmvideomae.storage.remote.addresses import secrets_of, without_secrets
from mmvideomae.storage.remote.settings import RemoteSettings

_EXTRAS = {'s3': 's3', 's3a': 's3', 'gs': 'gs', 'gcs': 'gs', 'http': 'http', 'https': 'http'}
_PAUSES = (0.25, 8.0)  # seconds: the first, which doubles, and the longest
_LEAST = 1.0  # seconds of an attempt
NOTHING_THERE = 'there is nothing there'
_STATUS = {401: 'access is denied', 403: 'access is denied', 404: NOTHING_THERE}
_PASSING_STATUS = (408, 425, 429)  # below 500, but temporary
_LASTING = (
    *(FileNotFoundError, PermissionError, IsADirectoryError, NotADirectoryError, FileExistsError),
)
_REFUSALS = ('ParamValidation', 'Invalid')  # by libraries, without asking a server
_LIBRARIES = ('aiohttp', 'botocore', 'aiobotocore', 'gcsfs', 'google', 'azure', 'requests')

_lock = threading.Lock()
# One file system for all threads of a process; it cannot be used after a fork.
_reached: dict[tuple[int, str], Any] = {}


class AddressError(UserError, OSError):
    """A remote file cannot be read or written, and retrying would not help."""

    def __init__(self, address: str, reason: str) -> None:
        super().__init__(f'{without_secrets(address)}: {reason}')
        self.address, self.reason = without_secrets(address), reason

    def __reduce__(self) -> tuple[type['AddressError'], tuple[str, str]]:
        return type(self), (self.address, self.reason)


class UnreachableError(UserError, OSError):
    """A server does not answer, or something that is needed to ask it is missing.

    This is not the fault of a file, so it ends a run instead of making the file unreadable.
    """


def reach(address: str) -> tuple[Any, str]:
    """The file system of an address, and the path in it; fsspec finds the credentials.

    Raises:
        UnreachableError: fsspec does not know such addresses, or needs a package for them.
    """
    protocol = address.partition('://')[0].lower()
    try:
        if '::' in protocol:
            return fsspec.core.url_to_fs(address)
        kind = fsspec.get_filesystem_class(protocol)
        options = kind._get_kwargs_from_urls(address)
        key = (os.getpid(), f'{protocol} {sorted(options.items())}')
        with _lock:
            if key not in _reached:
                _reached[key] = fsspec.filesystem(protocol, **options)
    except (ImportError, ValueError) as error:
        extra = _EXTRAS.get(protocol)
        cure = f": pip install 'mmvideomae[{extra}]'" if extra else ''
        told = f'{without_secrets(address)} cannot be reached: {_words(error, address)}{cure}'
        raise UnreachableError(told) from None
    return _reached[key], kind._strip_protocol(address)


def ask(address: str, method: str, *args: Any, large: bool = False, **options: Any) -> Any:
    """Call a method of an address's file system; retry with growing pauses while it fails.

    The state of global random numbers is kept: libraries draw their waiting times from it, and
    samples must not depend on them.

    Args:
        method: Name of a method of fsspec's file systems, such as ``'cat_file'``.
        large: Whether the transfer may take long: attempts have no time limit.

    Raises:
        AddressError: There is no such file, or it may not be used.
        UnreachableError: It kept failing for as long as the settings allow.
    """
    system, path = reach(address)
    patience, start, pause = RemoteSettings.read().seconds, time.monotonic(), _PAUSES[0]
    state, left = random.getstate(), patience
    try:
        while True:
            limit = None if large else max(min(left, patience / 2), _LEAST)
            try:
                return _call(system, method, limit, path, *args, **options)
            except Exception as error:
                reason, passing = _judge(error, address)
            if not passing:
                raise AddressError(address, reason)
            left = patience - (time.monotonic() - start)
            if left <= 0:
                told = f'could not be reached for {patience:g} seconds: {reason}'
                raise UnreachableError(f'{without_secrets(address)} {told}')
            if pause == _PAUSES[0]:
                warn(f'{without_secrets(address)}: {reason}; asking again for up to {left:.0f} s')
            time.sleep(min(pause, left))
            pause = min(2 * pause, _PAUSES[1])
    finally:
        random.setstate(state)


def _call(system: Any, method: str, seconds: float | None, *args: Any, **options: Any) -> Any:
    """Call a method; with an asynchronous file system, for so many seconds at most."""
    if not system.async_impl:
        return getattr(system, method)(*args, **options)
    coroutine = getattr(system, f'_{method}')
    return fsspec.asyn.sync(system.loop, coroutine, *args, timeout=seconds, **options)


def _judge(error: Exception, address: str) -> tuple[str, bool]:
    """Why a call failed, without secrets, and whether the failure is temporary.

    Raises:
        UnreachableError: There are no credentials.
        Exception: The error itself, if neither network nor server caused it.
    """
    causes = list(_causes(error))
    status = next(filter(None, map(_status, causes)), None)
    if status is not None:
        passing = status >= 500 or status in _PASSING_STATUS
        return _STATUS.get(status, f'the server answers {status}'), passing
    for each in causes:
        kind, words = type(each), _words(each, address)
        if 'Credential' in kind.__name__:
            raise UnreachableError(f'{words}: give them to fsspec') from None
        if isinstance(each, ConnectionError | TimeoutError | asyncio.TimeoutError):
            return (words if str(each) else 'no answer in time'), True
        if kind.__module__.partition('.')[0] in _LIBRARIES:
            return words, not kind.__name__.startswith(_REFUSALS)
    if isinstance(error, FileNotFoundError):
        return NOTHING_THERE, False
    if isinstance(error, OSError):
        passing = not (isinstance(error, _LASTING) or error.errno == errno.EINVAL)
        return _words(error, address), passing
    raise error


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """An error after its causes: some file systems report everything as a missing file."""
    if error is not None:
        yield from _causes(error.__cause__)
        yield error


def _status(error: BaseException) -> int | None:
    """The HTTP status of an error."""
    response = getattr(error, 'response', None)
    meta = response.get('ResponseMetadata') if isinstance(response, dict) else None
    found = (meta or {}).get('HTTPStatusCode') or getattr(error, 'status', None)
    found = found or getattr(error, 'code', None)
    return found if isinstance(found, int) and 400 <= found < 600 else None


def _words(error: BaseException, address: str) -> str:
    """The message of an error, without the secrets of an address."""
    text = str(error) or type(error).__name__
    for secret in secrets_of(address):
        text = text.replace(secret, '...')
    return one_line(without_secrets(text), 200)
