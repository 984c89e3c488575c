"""Files that are either whole or absent, whoever else writes, and pickles that run nothing."""

import contextlib
import errno
import fcntl
import hashlib
import io
import math
import os
import pickle
import re
import shutil
import socket
import stat
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePath
from typing import Any, TextIO

import numpy as np

from mmvideomae.errors import UserError

_PREFIX = '.tmp-'
_LOCK = '.lock'
_LONGEST_NAME = 200  # file systems allow 255 bytes
_ABANDONED = 7 * 24 * 3600.0  # seconds after which another machine's leftover counts as dead


# Lock files that this process holds.
_held: set[TextIO] = set()


def _leave_locks_to_parent() -> None:
    """Close a forked process's copies: it may outlive its parent, and must not lock on."""
    while _held:
        _held.pop().close()


os.register_at_fork(after_in_child=_leave_locks_to_parent)


class LockedError(UserError, RuntimeError):
    """Another process writes to the same folder."""


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
                fcntl.flock(file, fcntl.LOCK_UN)  # also for copies that a fork has not closed yet


def require_free(folder: Path, what: str) -> None:
    """Refuse a folder that `locked` holds, before anything is written there.

    Raises:
        LockedError: Another process holds the folder.
    """
    if not (folder / _LOCK).is_file():
        return
    with (folder / _LOCK).open(encoding='utf-8') as file:
        try:
            # Shared: processes of one run may look at the same time.
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


class PickleError(UserError, ValueError):
    """A pickle is damaged, or holds more than plain data."""


def read_pickle(path: str | os.PathLike[str]) -> Any:
    """Read numbers, texts, lists, tuples, dicts, NumPy arrays and tensors, of any protocol.

    A pickle is a program.  Nothing of it is run but what rebuilds these, and arrays are rebuilt
    from shape, kind and bytes alone: neither an address nor a size that the file does not hold is
    taken from it.

    Raises:
        PickleError: It is damaged, or holds anything else; one line without the path.
        OSError: It cannot be opened.
    """
    content = Path(path).read_bytes()
    try:
        return _PlainUnpickler(content).load()
    except Exception as error:  # a broken pickle fails in whatever way its bytes say
        raise PickleError(' '.join(str(error).split())[:200] or type(error).__name__) from None


class PlainDtype:
    """What a pickle gets for ``numpy.dtype``: numbers and texts.

    A real one would take sizes and flags from the file, and with them addresses from its bytes.
    """

    _CODE = re.compile(r'[biufSU][1-9][0-9]{0,8}|\?')

    def __init__(self, code: str, align: bool = False, copy: bool = False) -> None:
        if not isinstance(code, str) or not self._CODE.fullmatch(code):
            raise PickleError(f'it holds an array of {code!r:.40}, which is not plain data')
        self.dtype = np.dtype(code)

    def __setstate__(self, state: Sequence[Any]) -> None:
        _, order, *parts = state[:5]
        if order not in ('<', '>', '|', '=') or any(part is not None for part in parts):
            raise PickleError('it holds an array with fields, which is not plain data')
        self.dtype = self.dtype.newbyteorder(order)


class PlainArray(np.ndarray):
    """What a pickle gets for ``numpy.ndarray``.

    It computes and is saved as the plain array that it is a view of.
    """

    def __new__(cls) -> 'PlainArray':
        return super().__new__(cls, (0,), np.int8)

    def __setstate__(self, state: Sequence[Any]) -> None:
        _, shape, dtype, fortran, data = state
        if self.size:  # somebody may look at what this would free
            raise PickleError('it fills an array twice')
        data = _checked_bytes(data, dtype, shape)
        super().__setstate__((1, tuple(shape), dtype.dtype, bool(fortran), data))

    def __array_wrap__(self, array: np.ndarray, *_: Any) -> Any:
        return np.asarray(array)[()]

    def __reduce_ex__(self, protocol: Any) -> Any:
        return np.asarray(self).__reduce_ex__(protocol)


def _empty_array(kind: type, shape: Sequence[int], code: bytes | str) -> PlainArray:
    """What a pickle gets for NumPy's ``_reconstruct``: to be filled by its state."""
    return PlainArray()


def _scalar(dtype: PlainDtype, data: bytes | str) -> Any:
    """What a pickle gets for NumPy's ``scalar``."""
    return np.ndarray((), dtype.dtype, _checked_bytes(data, dtype, ()))[()]


def _frombuffer(
    data: bytes,
    dtype: PlainDtype,
    shape: Sequence[int],
    order: str,
    axis_order: Sequence[int] | None = None,
) -> np.ndarray:
    """What a pickle of protocol 5 gets for NumPy's."""
    flat = np.ndarray(tuple(shape), dtype.dtype, _checked_bytes(data, dtype, shape), order='C')
    if order == 'F':
        flat = flat.reshape(-1).reshape(tuple(shape), order='F')
    return flat.copy() if axis_order is None else flat.transpose(tuple(axis_order)).copy()


def _checked_bytes(data: Any, dtype: Any, shape: Any) -> bytes:
    """The bytes of an array, if they are as many as its shape and kind need."""
    if isinstance(data, str):  # Python 2 had no bytes
        data = data.encode('latin1')
    sizes = [size for size in shape if type(size) is int and size >= 0]
    if not isinstance(dtype, PlainDtype) or not isinstance(data, bytes):
        raise PickleError('it holds an array that is not made of bytes')
    if len(sizes) != len(shape) or math.prod(sizes) * dtype.dtype.itemsize != len(data):
        raise PickleError(
            f'it holds {len(data)} bytes for an array of {dtype.dtype} with shape {shape!r:.60}'
        )
    return data


def _tensor_storage(data: bytes) -> Any:
    """What torch's ``_load_from_bytes`` does, without running what ``data`` says."""
    import torch

    if data[:2] == b'PK':  # an archive may unpack to any size; storages are not written as such
        raise PickleError('it holds a compressed tensor')
    storage = torch.load(io.BytesIO(data), map_location='cpu', weights_only=True)
    if not isinstance(storage, torch.storage.TypedStorage):
        raise PickleError('it holds a tensor without its numbers')
    return storage


def _tensor(storage: Any, offset: int, size: Sequence[int], stride: Sequence[int], *_: Any) -> Any:
    """What torch's ``_rebuild_tensor_v2`` does, within the storage and for every number once."""
    import torch

    if not isinstance(storage, torch.storage.TypedStorage) or len(size) != len(stride):
        raise PickleError('it holds a tensor without its numbers')
    numbers = storage._untyped_storage.nbytes() // storage.dtype.itemsize
    given = [offset, *size, *stride]
    last = offset + sum((n - 1) * step for n, step in zip(size, stride, strict=True))
    if (
        any(type(number) is not int or number < 0 for number in given)
        or math.prod(size) > numbers
        or (math.prod(size) and last >= numbers)
    ):
        raise PickleError('it holds a tensor that reaches beyond its numbers')
    return torch._utils._rebuild_tensor_v2(storage, offset, size, stride, False, {})


def _latin1(text: str, encoding: str) -> bytes:
    """The one use that pickles make of ``_codecs.encode``: bytes in old protocols."""
    if encoding != 'latin1':
        raise PickleError(f'it asks for the codec {encoding!r:.40}')
    return text.encode('latin1')


def _no_bytes() -> bytes:
    return b''


def _ordered_dict(pairs: Sequence[Sequence[Any]] = ()) -> dict[Any, Any]:
    return {_checked_key(key): value for key, value in pairs}


def _checked_key(key: Any) -> Any:
    """A key whose hash takes no longer than its bytes: tuples of tuples take for ever."""
    if not isinstance(key, str | bytes) and not (type(key) is int and abs(key) < 1 << 31):
        raise PickleError(f'it holds a dict whose key is a {type(key).__name__}')
    return key


_NUMPY_CORES = ('numpy.core', 'numpy._core')  # of NumPy 1 and 2
ARRAYS: dict[str, Callable[..., Any]] = {
    'numpy.dtype': PlainDtype,
    'numpy.ndarray': PlainArray,
    **{f'{core}.multiarray._reconstruct': _empty_array for core in _NUMPY_CORES},
    **{f'{core}.multiarray.scalar': _scalar for core in _NUMPY_CORES},
}
"""What a pickle, also that of a checkpoint, may be given for the names that NumPy writes."""
_GIVEN: dict[str, Callable[..., Any]] = {
    **ARRAYS,
    **{f'{core}.numeric._frombuffer': _frombuffer for core in _NUMPY_CORES},
    'collections.OrderedDict': _ordered_dict,
    '_codecs.encode': _latin1,
    **{f'{module}.bytes': _no_bytes for module in ('__builtin__', 'builtins')},
    'torch.Size': tuple,
    'torch._utils._rebuild_tensor_v2': _tensor,
    'torch.storage._load_from_bytes': _tensor_storage,
}


class _PlainUnpickler(pickle._Unpickler):
    """Python's unpickler in Python, less what plain data does without.

    The one in C allocates what a number of its memo says: gigabytes, for ten bytes.
    """

    stack: list[Any]
    append: Callable[[Any], None]
    pop_mark: Callable[[], list[Any]]

    def __init__(self, content: bytes) -> None:
        super().__init__(io.BytesIO(content), encoding='latin1')
        self._left = 64 * len(content) + 65536

    def find_class(self, module: str, name: str) -> Callable[..., Any]:
        given = _GIVEN.get(f'{module}.{name}')
        if given is None:
            raise PickleError(f'it holds {module}.{name}, which is not plain data')
        return given

    def build(self) -> None:
        state = self.stack.pop()
        if not isinstance(self.stack[-1], PlainDtype | PlainArray):
            raise PickleError('it gives a state to what has none')
        self.stack[-1].__setstate__(state)

    def set_item(self) -> None:
        value, key = self.stack.pop(), self.stack.pop()
        self._fill(self.stack[-1], [key, value])

    def set_items(self) -> None:
        items = self.pop_mark()
        self._fill(self.stack[-1], items)

    def make_dict(self) -> None:
        items = self.pop_mark()
        self.append({})
        self._fill(self.stack[-1], items)

    def _fill(self, target: Any, items: list[Any]) -> None:
        if type(target) is not dict:
            raise PickleError('it sets an item of what is not a dict')
        for key, value in zip(items[::2], items[1::2], strict=True):
            target[_checked_key(key)] = value

    def charge(self) -> None:
        """Count what is named once more: a copy for each name would not fit into memory."""
        value = self.stack[-1]
        if isinstance(value, np.ndarray | str | bytes | list | tuple | dict):
            self._left -= value.nbytes if isinstance(value, np.ndarray) else len(value)
        if self._left < 0:
            raise PickleError('it names the same data again and again')


def _charged(get: Callable[[Any], None]) -> Callable[[Any], None]:
    def get_again(unpickler: _PlainUnpickler) -> None:
        get(unpickler)
        unpickler.charge()

    return get_again


_LEFT_OUT = (
    *(pickle.INST, pickle.OBJ, pickle.NEWOBJ, pickle.NEWOBJ_EX, pickle.DUP),
    *(pickle.EXT1, pickle.EXT2, pickle.EXT4, pickle.PERSID, pickle.BINPERSID),
    *(pickle.EMPTY_SET, pickle.FROZENSET, pickle.ADDITEMS),
    *(pickle.NEXT_BUFFER, pickle.READONLY_BUFFER),
)
_KNOWN: dict[int, Any] = pickle._Unpickler.dispatch
_DISPATCH: dict[int, Any] = {
    **{code: load for code, load in _KNOWN.items() if bytes([code]) not in _LEFT_OUT},
    **{code[0]: _charged(_KNOWN[code[0]]) for code in (pickle.GET, pickle.BINGET)},
    pickle.LONG_BINGET[0]: _charged(_KNOWN[pickle.LONG_BINGET[0]]),
    pickle.BUILD[0]: _PlainUnpickler.build,
    pickle.SETITEM[0]: _PlainUnpickler.set_item,
    pickle.SETITEMS[0]: _PlainUnpickler.set_items,
    pickle.DICT[0]: _PlainUnpickler.make_dict,
    # As bytes: the original allocates as many zeros as the file says.
    pickle.BYTEARRAY8[0]: _KNOWN[pickle.BINBYTES8[0]],
}
_PlainUnpickler.dispatch = _DISPATCH
