"""Read the tensors of pickled torch modules without running their code."""

import io
import os
import pickle
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from mmvideomae.errors import one_line
from mmvideomae.storage.pickles import PickleError, PlainUnpickler

_LEGACY_MAGIC = 0x1950A86A20F9469CFC6C  # of torch.save before its files were archives
_LEGACY_PROTOCOL = 1001
_DTYPES = {
    'Float': 'float32',
    'Double': 'float64',
    'Half': 'float16',
    'BFloat16': 'bfloat16',
    'Long': 'int64',
    'Int': 'int32',
    'Short': 'int16',
    'Char': 'int8',
    'Byte': 'uint8',
    'Bool': 'bool',
}
_MOST_TENSORS = 100_000


class ModuleCallError(PickleError):
    """A pickled module calls a function."""


def read_module(path: str | os.PathLike[str]) -> dict[str, Any] | None:
    """The state dict of a module of any class that ``torch.save`` wrote as a whole.

    No class that the file names is imported: its objects become containers without behaviour, and
    their parameters and persistent buffers are gathered as ``Module.state_dict`` does.  Archives
    and the files of PyTorch before 1.6 are read.

    Returns:
        Tensors on the CPU by name; None if the file does not hold a module.

    Raises:
        ModuleCallError: The file calls a function; the message names it.
        PickleError: It is damaged, or holds more than modules and plain data.
    """
    try:
        with Path(path).open('rb') as stream:
            content = _of_archive(stream) if zipfile.is_zipfile(stream) else _of_legacy(stream)
        if not isinstance(content, _Inert) or '_modules' not in content.state:
            return None
        return dict(_tensors(content, '', [_MOST_TENSORS]))
    except PickleError:
        raise
    except Exception as error:  # a broken file can fail in any way
        raise PickleError(one_line(error, 200)) from None


class _Name:
    """A class or function that a pickle names; never looked up."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __call__(self, *_: Any) -> Any:
        raise ModuleCallError(f'it calls {self.name}')


class _Inert:
    """An object of any class: the state from its pickle, and no code."""

    def __init__(self) -> None:
        self.state: dict[str, Any] = {}


def _parameter(data: Any, *_: Any) -> Any:
    """Stands in for torch's ``_rebuild_parameter``."""
    return data


def _device(*_: Any) -> None:
    """Stands in for ``torch.device``."""


def _set(items: list[Any]) -> list[Any]:
    """Stands in for Python's ``set``."""
    return items


_GIVEN: dict[str, Callable[..., Any]] = {
    'torch._utils._rebuild_parameter': _parameter,
    'torch.device': _device,
    **{f'{module}.set': _set for module in ('__builtin__', 'builtins')},
}


class _ModuleUnpickler(PlainUnpickler):
    """Reads plain data, tensors by ``storage_of``, and objects of any class as `_Inert`."""

    def __init__(self, stream: Any, storage_of: Callable[[str, str, int], Any]) -> None:
        place = stream.tell()
        super().__init__(stream)
        stream.seek(place)
        self._storage_of = storage_of

    def find_class(self, module: str, name: str) -> Callable[..., Any]:
        if (given := _GIVEN.get(f'{module}.{name}')) is not None:
            return given
        try:
            return super().find_class(module, name)
        except PickleError:
            return _Name(f'{module}.{name}')

    def new_object(self) -> None:
        arguments, kind = self.stack.pop(), self.stack.pop()
        if not isinstance(kind, _Name) or arguments != ():
            raise PickleError('it creates an object with arguments')
        self.append(_Inert())

    def build(self) -> None:
        if not isinstance(self.stack[-2], _Inert):
            super().build()
            return
        state = self.stack.pop()
        if not isinstance(state, dict):
            raise PickleError(f'it gives an object a {type(state).__name__} as its state')
        self.stack[-1].state = state

    def persistent(self) -> None:
        match self.stack.pop():
            case ('storage', _Name(name=kind), str(key), str(), int(numel), *view):
                if any(part is not None for part in view):
                    raise PickleError('it holds part of a storage')
                self.append(self._storage_of(key, kind, numel))
            case ('module', _Name() as kind, *_):  # with the source of the class, before 1.6
                self.append(kind)
            case _:
                raise PickleError('it refers to something outside the file')


_DISPATCH: dict[int, Any] = {
    **PlainUnpickler.dispatch,
    pickle.NEWOBJ[0]: _ModuleUnpickler.new_object,
    pickle.BUILD[0]: _ModuleUnpickler.build,
    pickle.BINPERSID[0]: _ModuleUnpickler.persistent,
}
_ModuleUnpickler.dispatch = _DISPATCH


def _of_archive(stream: Any) -> Any:
    """The content of an archive, in which each storage is a member of its own."""
    with zipfile.ZipFile(stream) as archive:
        members = {member.filename: member for member in archive.infolist()}
        stored = all(each.compress_type == zipfile.ZIP_STORED for each in members.values())
        held = sum(each.file_size for each in members.values())
        pickles = [name for name in members if name.endswith('/data.pkl')]
        if len(pickles) != 1 or not stored or held > stream.seek(0, io.SEEK_END):
            raise PickleError('it is not an archive that torch wrote')
        folder = pickles[0].partition('/')[0]
        order = f'{folder}/byteorder'
        if order in members and archive.read(order) != b'little':
            raise PickleError('its numbers are big-endian')
        storages: dict[str, Any] = {}

        def storage_of(key: str, kind: str, numel: int) -> Any:
            if key not in storages:
                storages[key] = _typed(archive.read(f'{folder}/data/{key}'), kind)
            return storages[key]

        return _ModuleUnpickler(io.BytesIO(archive.read(pickles[0])), storage_of).load()


def _of_legacy(stream: Any) -> Any:
    """The content of a file of consecutive pickles, followed by the bytes of storages."""
    size = stream.seek(0, io.SEEK_END)
    stream.seek(0)
    storages: dict[str, tuple[Any, int]] = {}

    def storage_of(key: str, kind: str, numel: int) -> Any:
        if key not in storages:
            length = numel * _dtype(kind).itemsize
            taken = sum(storage._untyped_storage.nbytes() for storage, _ in storages.values())
            if not 0 <= length <= size - taken:
                raise PickleError(f'it is too short for a storage of {numel} numbers')
            storages[key] = _typed(bytes(length), kind), numel
        return storages[key][0]

    def load() -> Any:
        return _ModuleUnpickler(stream, storage_of).load()

    if (load(), load()) != (_LEGACY_MAGIC, _LEGACY_PROTOCOL):
        raise PickleError('it is not a file that torch wrote')
    if load().get('little_endian') is not True:
        raise PickleError('its numbers are big-endian')
    content = load()
    for key in load():
        storage, numel = storages[key]
        given = int.from_bytes(stream.read(8), 'little')
        untyped = storage._untyped_storage
        data = stream.read(untyped.nbytes())
        if given != numel or len(data) != untyped.nbytes():
            raise PickleError('it is truncated')
        untyped.copy_(_typed(data, 'ByteStorage')._untyped_storage)
    return content


def _dtype(kind: str) -> Any:
    """``torch.FloatStorage`` -> torch.float32."""
    import torch

    name = _DTYPES.get(kind.removeprefix('torch.').removesuffix('Storage'))
    if name is None:
        raise PickleError(f'it holds a tensor of {kind:.60}')
    return getattr(torch, name)


def _typed(data: bytes, kind: str) -> Any:
    """A storage with its own copy of the bytes."""
    import torch

    flat = torch.frombuffer(bytearray(data), dtype=torch.uint8) if data else torch.empty(0)
    return torch.storage.TypedStorage(
        wrap_storage=flat.untyped_storage(), dtype=_dtype(kind), _internal=True
    )


def _tensors(module: _Inert, prefix: str, left: list[int]) -> Iterator[tuple[str, Any]]:
    """Parameters and persistent buffers, in the order of ``Module.state_dict``."""
    import torch

    left[0] -= 1
    if left[0] < 0 or prefix.count('.') > 100:
        raise PickleError('its modules are nested without end')
    state = module.state
    passing = state.get('_non_persistent_buffers_set', ())
    for kind in ('_parameters', '_buffers'):
        for name, value in _entries(state, kind):
            if isinstance(value, torch.Tensor) and not (kind == '_buffers' and name in passing):
                left[0] -= 1
                yield prefix + name, value
    for name, child in _entries(state, '_modules'):
        if isinstance(child, _Inert):
            yield from _tensors(child, f'{prefix}{name}.', left)


def _entries(state: Mapping[str, Any], kind: str) -> list[tuple[str, Any]]:
    entries = state.get(kind, {})
    if not isinstance(entries, dict) or any(not isinstance(name, str) for name in entries):
        raise PickleError(f'its {kind} have no names')
    return list(entries.items())
