"""Read pickles of plain data without running their code."""

import io
import math
import os
import pickle
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from mmvideomae.errors import UserError, one_line


class PickleError(UserError, ValueError):
    """A pickle is damaged, or holds more than plain data."""


def read_pickle(path: str | os.PathLike[str]) -> Any:
    """Read numbers, strings, lists, tuples, dicts, NumPy arrays and tensors, in any protocol.

    A pickle is a program.  Only its instructions that rebuild these types are run, and arrays are
    rebuilt from shape, dtype and bytes alone: no address is taken from the file, and no size that
    exceeds its data.

    Raises:
        PickleError: It is damaged or holds anything else; the message does not name the path.
        OSError: It cannot be opened.
    """
    content = Path(path).read_bytes()
    try:
        return PlainUnpickler(content).load()
    except Exception as error:  # a broken pickle can fail in any way
        raise PickleError(one_line(error, 200)) from None


class PlainDtype:
    """Stands in for ``numpy.dtype``: numbers and strings only.

    A real one would trust the file's sizes and flags, with which bytes could become addresses.
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
    """Stands in for ``numpy.ndarray``.

    It computes and is pickled like the plain array of which it is a view.
    """

    def __new__(cls) -> 'PlainArray':
        return super().__new__(cls, (0,), np.int8)

    def __setstate__(self, state: Sequence[Any]) -> None:
        _, shape, dtype, fortran, data = state
        if self.size:  # filling it again would free memory that may still be in use
            raise PickleError('it fills an array twice')
        data = _checked_bytes(data, dtype, shape)
        super().__setstate__((1, tuple(shape), dtype.dtype, bool(fortran), data))

    def __array_wrap__(self, array: np.ndarray, *_: Any) -> Any:
        return np.asarray(array)[()]

    def __reduce_ex__(self, protocol: Any) -> Any:
        return np.asarray(self).__reduce_ex__(protocol)


def _empty_array(kind: type, shape: Sequence[int], code: bytes | str) -> PlainArray:
    """Stands in for NumPy's ``_reconstruct``; the array's state fills it later."""
    return PlainArray()


def _scalar(dtype: PlainDtype, data: bytes | str) -> Any:
    """Stands in for NumPy's ``scalar``."""
    return np.ndarray((), dtype.dtype, _checked_bytes(data, dtype, ()))[()]


def _frombuffer(
    data: bytes,
    dtype: PlainDtype,
    shape: Sequence[int],
    order: str,
    axis_order: Sequence[int] | None = None,
) -> np.ndarray:
    """Stands in for NumPy's ``_frombuffer``, which protocol 5 uses."""
    flat = np.ndarray(tuple(shape), dtype.dtype, _checked_bytes(data, dtype, shape), order='C')
    if order == 'F':
        flat = flat.reshape(-1).reshape(tuple(shape), order='F')
    return flat.copy() if axis_order is None else flat.transpose(tuple(axis_order)).copy()


def _checked_bytes(data: Any, dtype: Any, shape: Any) -> bytes:
    """The bytes of an array, if their number matches its shape and dtype."""
    if isinstance(data, str):  # Python 2 had no bytes
        data = data.encode('latin1')
    sizes = [size for size in shape if type(size) is int and size >= 0]
    if not isinstance(dtype, PlainDtype) or not isinstance(data, bytes):
        raise PickleError('it holds an array whose data is not bytes')
    if len(sizes) != len(shape) or math.prod(sizes) * dtype.dtype.itemsize != len(data):
        raise PickleError(
            f'it holds {len(data)} bytes for an array of {dtype.dtype} with shape {shape!r:.60}'
        )
    return data


def _tensor_storage(data: bytes) -> Any:
    """As torch's ``_load_from_bytes``, without running code from ``data``."""
    import torch

    if data[:2] == b'PK':  # an archive may unpack to any size; torch writes none here
        raise PickleError('it holds a compressed tensor')
    storage = torch.load(io.BytesIO(data), map_location='cpu', weights_only=True)
    if not isinstance(storage, torch.storage.TypedStorage):
        raise PickleError('it holds a tensor without its numbers')
    return storage


def _tensor(storage: Any, offset: int, size: Sequence[int], stride: Sequence[int], *_: Any) -> Any:
    """As torch's ``_rebuild_tensor_v2``, but no tensor exceeds its storage or repeats numbers."""
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
    """Stands in for ``_codecs.encode``, which old protocols use for bytes only."""
    if encoding != 'latin1':
        raise PickleError(f'it uses the codec {encoding!r:.40}')
    return text.encode('latin1')


def _no_bytes() -> bytes:
    return b''


def _ordered_dict(pairs: Sequence[Sequence[Any]] = ()) -> dict[Any, Any]:
    return {_checked_key(key): value for key, value in pairs}


def _checked_key(key: Any) -> Any:
    """Return a key unless it may take for ever to hash, as tuples of tuples can."""
    if not isinstance(key, str | bytes) and not (type(key) is int and abs(key) < 1 << 31):
        raise PickleError(f'it holds a dict whose key is a {type(key).__name__}')
    return key


_NUMPY_CORES = ('numpy.core', 'numpy._core')  # the names in NumPy 1 and 2
ARRAYS: dict[str, Callable[..., Any]] = {
    'numpy.dtype': PlainDtype,
    'numpy.ndarray': PlainArray,
    **{f'{core}.multiarray._reconstruct': _empty_array for core in _NUMPY_CORES},
    **{f'{core}.multiarray.scalar': _scalar for core in _NUMPY_CORES},
}
"""Stand-ins for the names that NumPy writes into pickles, those of checkpoints included."""
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


class PlainUnpickler(pickle._Unpickler):
    """The pure-Python unpickler, without the instructions that plain data does not need.

    The one in C allocates as many memo entries as the file says: ten bytes can claim gigabytes.
    """

    stack: list[Any]
    append: Callable[[Any], None]
    pop_mark: Callable[[], list[Any]]

    def __init__(self, content: bytes | BinaryIO) -> None:
        stream = io.BytesIO(content) if isinstance(content, bytes) else content
        super().__init__(stream, encoding='latin1')
        self._left = 64 * stream.seek(0, io.SEEK_END) + 65536
        stream.seek(0)

    def find_class(self, module: str, name: str) -> Callable[..., Any]:
        given = _GIVEN.get(f'{module}.{name}')
        if given is None:
            raise PickleError(f'it holds {module}.{name}, which is not plain data')
        return given

    def build(self) -> None:
        state = self.stack.pop()
        if not isinstance(self.stack[-1], PlainDtype | PlainArray):
            raise PickleError('it gives a state to an object that has none')
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
            raise PickleError('it sets an item of an object that is not a dict')
        for key, value in zip(items[::2], items[1::2], strict=True):
            target[_checked_key(key)] = value

    def charge(self) -> None:
        """Limit repeated references: a copy for each would not fit into memory."""
        value = self.stack[-1]
        if isinstance(value, np.ndarray | str | bytes | list | tuple | dict):
            self._left -= value.nbytes if isinstance(value, np.ndarray) else len(value)
        if self._left < 0:
            raise PickleError('it refers to the same data too many times')


def _charged(get: Callable[[Any], None]) -> Callable[[Any], None]:
    def get_again(unpickler: PlainUnpickler) -> None:
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
    pickle.BUILD[0]: PlainUnpickler.build,
    pickle.SETITEM[0]: PlainUnpickler.set_item,
    pickle.SETITEMS[0]: PlainUnpickler.set_items,
    pickle.DICT[0]: PlainUnpickler.make_dict,
    # As bytes, because the original allocates as many zeros as the file says.
    pickle.BYTEARRAY8[0]: _KNOWN[pickle.BINBYTES8[0]],
}
PlainUnpickler.dispatch = _DISPATCH
