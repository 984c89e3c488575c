"""Pickles of plain data, read without running what they say."""

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
        return PlainUnpickler(content).load()
    except Exception as error:  # a broken pickle fails in whatever way its bytes say
        raise PickleError(one_line(error, 200)) from None


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


class PlainUnpickler(pickle._Unpickler):
    """Python's unpickler in Python, less what plain data does without.

    The one in C allocates what a number of its memo says: gigabytes, for ten bytes.
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
    # As bytes: the original allocates as many zeros as the file says.
    pickle.BYTEARRAY8[0]: _KNOWN[pickle.BINBYTES8[0]],
}
PlainUnpickler.dispatch = _DISPATCH
