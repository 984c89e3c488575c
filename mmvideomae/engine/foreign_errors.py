"""Explain errors of libraries to users of the command lines."""

import errno
import inspect
import re
import socket
import types
import typing
import urllib.error
from collections.abc import Mapping, Sequence
from http.client import HTTPException
from typing import Any

from mmengine.registry import Registry
from torch.utils.data import DataLoader

from mmvideomae.errors import ON_DISK, nearest, of_the_disk, one_line

_PORT = (
    'the port of the processes is in use, probably by another run: set PORT=29501 (or another free '
    'port) before the command'
)
_NETWORK = 'download it where there is a network, and give the path of the file'
# Patterns of torch's messages, common to its versions, and their meaning.
_OF_TORCH = (
    (r'EADDRINUSE|(?i:address already in use)', _PORT),
    (
        r'client socket has timed out|failed to connect to|Connection refused|DistNetworkError',
        'the processes cannot reach the main one: check MASTER_ADDR, PORT and NNODES',
    ),
    (
        r'PytorchStreamWriter failed|inline_container|file write failed',
        'a checkpoint cannot be written: the disk is full or a quota is used up',
    ),
    (
        r'out of memory|not enough memory|can.t allocate memory',
        'out of memory: set a lower batch_size (train_dataloader.batch_size, test_cfg) and '
        'increase optim_wrapper.accumulative_counts instead',
    ),
    (
        r'bus error|out of shared memory|unable to (?:mmap|open shared memory)',
        'the loader is out of shared memory: give the container more (docker run --shm-size=8g), '
        'or set a lower num_workers',
    ),
    (
        r'Found no NVIDIA driver|no CUDA-capable device|No CUDA GPUs|no kernel image|no GPUs found',
        'this torch cannot use a GPU: compare nvidia-smi and mmvideomae doctor; on a CPU, set '
        'env_cfg.dist_cfg.backend=gloo',
    ),
)


def translate(error: Exception) -> str | None:
    """One line about an error of Python, torch or mmengine that a user can fix; else None."""
    for meaning in _MEANINGS:
        message = meaning(error)
        if message is not None:
            return one_line(message)
    return None


def _of_the_machine(error: Exception) -> str | None:
    """Errors about disks, folders, files and ports."""
    if not isinstance(error, OSError) or isinstance(error, BrokenPipeError) or not error.errno:
        return None
    if error.errno == errno.EADDRINUSE:
        return _PORT
    if error.filename is None and error.errno not in ON_DISK:
        return None
    closed = error.errno in (errno.EROFS, errno.EACCES, errno.EPERM)
    return of_the_disk(error) + (' (--work-dir for a run)' if closed else '')


def _of_the_network(error: Exception) -> str | None:
    """Errors about addresses that cannot be reached."""
    if isinstance(error, urllib.error.HTTPError):
        return f'{error.url}: the server answered {error.code} {error.reason}: check the address'
    if isinstance(error, urllib.error.URLError):
        return f'{_address_of(error)} cannot be reached ({error.reason}): {_NETWORK}'
    if isinstance(error, ConnectionError | TimeoutError | HTTPException | socket.gaierror):
        return f'{_address_of(error)} cannot be reached ({error}): {_NETWORK}'
    return None


def _address_of(error: Exception) -> str:
    """The address in the arguments of one of the calling functions."""
    for frame in _frames(error):
        for value in frame.f_locals.values():
            if isinstance(value, str) and re.match(r'\w+://\S+$', value):
                return value
    return 'an address'


def _of_torch(error: Exception) -> str | None:
    if not isinstance(error, RuntimeError | ValueError):
        return None
    said = str(error)
    for pattern, meaning in _OF_TORCH:
        if re.search(pattern, said):
            return meaning
    return None


def _of_the_loader(error: Exception) -> str | None:
    """Errors about settings that torch's loader does not accept."""
    if not isinstance(error, TypeError | ValueError):
        return None
    last = _frames(error)[-1:]
    if last and last[0].f_globals.get('__name__') in _LOADING:
        return f'a dataloader of the config: {error}'
    unexpected = re.match(r"DataLoader\.__init__\(\) got .* argument '(\w+)'", str(error))
    if not unexpected:
        return None
    names = [name for name in inspect.signature(DataLoader).parameters if name != 'self']
    hint = nearest(unexpected.group(1), names)
    return f'a dataloader of the config has the unknown key {unexpected.group(1)!r}{hint}'


def _of_a_part(error: Exception) -> str | None:
    """Errors about parts of a config that cannot be built: an unknown name, key or type."""
    builds = [frame for frame in _frames(error) if _builds(frame)]
    if not builds:
        return None
    given = builds[-1].f_locals
    part = next((given[name] for name in _PARTS if given.get(name) is not None), None)
    if part is None:
        return _of_a_name(error, given)
    if isinstance(error, ImportError):
        return f'{part.__name__}: {error}'
    arguments = given.get('args') or {}
    if not isinstance(error, _OF_VALUES):
        return None
    if isinstance(error, ValueError | AssertionError) and str(error):
        return f'{part.__name__}: {error}'
    said = _of_arguments(part, arguments, str(error)) if isinstance(error, TypeError) else None
    return said or _of_a_value(part, arguments)


def _of_a_name(error: Exception, given: Mapping[str, Any]) -> str | None:
    """Explain that a part has no class."""
    kind, registry = given.get('obj_type', given.get('scheduler_type')), given.get('registry')
    if not isinstance(error, KeyError | RuntimeError | TypeError):
        return None
    if not (isinstance(kind, str) and isinstance(registry, Registry)):
        return str(error.args[0]) if error.args else None
    known: list[str] = []
    node: Registry | None = registry
    while node is not None:
        known += node.module_dict
        node = node.parent
    own = '; your own parts must be imported first (custom_imports)'
    return f'there is no {registry.name} {kind!r}{nearest(kind.rpartition(".")[2], known) or own}'


_OF_VALUES = (TypeError, ValueError, AttributeError, AssertionError)
_LOADING = ('torch.utils.data.dataloader', 'torch.utils.data.sampler')
_PARTS = ('obj_cls', 'runner_cls', 'scheduler_cls')
_BUILDERS = ('build_from_cfg', 'build_runner_from_cfg', 'build_scheduler_from_cfg')


def _of_arguments(part: Any, arguments: Mapping[str, Any], said: str) -> str | None:
    """Explain that a part does not have a key, or lacks one."""
    names = _parameters(part)
    unexpected = re.search(r"unexpected keyword argument '(\w+)'", said)
    if unexpected and unexpected.group(1) in arguments and unexpected.group(1) not in names:
        key = unexpected.group(1)
        hint = nearest(key, names) or f'; its keys are {", ".join(names)}'
        return f'{part.__name__} has no key {key!r}{hint}'
    missing = re.search(r"missing \d+ required .*arguments?: ('.*)", said)
    if missing:
        absent = [name for name in re.findall(r"'(\w+)'", missing.group(1)) if name in names]
        if absent and not set(absent) & set(arguments):
            return f'{part.__name__} needs {" and ".join(absent)}'
    return None


def _parameters(part: Any) -> list[str]:
    """Keys of a class, including those of its bases if it passes on unknown ones."""
    makers = (
        [vars(each).get('__init__') for each in part.__mro__] if inspect.isclass(part) else [part]
    )
    names: list[str] = []
    for maker in filter(None, makers):
        try:
            parameters = inspect.signature(maker).parameters.values()
        except (TypeError, ValueError):  # written in C
            break
        names += [
            each.name
            for each in parameters
            if each.kind in (each.POSITIONAL_OR_KEYWORD, each.KEYWORD_ONLY)
            and each.name not in ('self', *names)
        ]
        if not any(each.kind is each.VAR_KEYWORD for each in parameters):
            break
    return names


def _of_a_value(part: Any, arguments: Mapping[str, Any]) -> str | None:
    """Explain that a value does not have the type that a part declares."""
    try:
        hints = typing.get_type_hints(part.__init__ if inspect.isclass(part) else part)
    except Exception:  # the annotation cannot be evaluated
        return None
    for name, value in arguments.items():
        hint = hints.get(name, Any)
        if not _fits(value, hint):
            kind = getattr(hint, '__name__', None) if isinstance(hint, type) else str(hint)
            kind = str(kind).replace('collections.abc.', '').replace('typing.', '')
            return f'{part.__name__}: {name} must be {kind}, got {value!r}'
    return None


def _fits(value: Any, hint: Any) -> bool:
    """Whether a value may have the annotated type, as far as that is easy to check."""
    origin = typing.get_origin(hint)
    if origin in (typing.Union, types.UnionType):
        return any(_fits(value, each) for each in typing.get_args(hint))
    if origin is typing.Literal:
        return value in typing.get_args(hint)
    if hint is None or hint is type(None):
        return value is None
    if hint is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    if hint is int:
        return isinstance(value, int) and not isinstance(value, bool)
    if hint in (str, bool) or (isinstance(hint, type) and isinstance(value, str)):
        return isinstance(value, hint)
    if origin in (list, tuple, Sequence):
        return isinstance(value, Sequence) and not isinstance(value, str)
    if origin in (dict, Mapping):
        return isinstance(value, Mapping)
    return True


def _builds(frame: types.FrameType) -> bool:
    """Whether this frame is mmengine building a part of a config."""
    module = str(frame.f_globals.get('__name__'))
    return frame.f_code.co_name in _BUILDERS and module.startswith('mmengine.registry')


def _frames(error: BaseException) -> list[types.FrameType]:
    """Frames of the calls through which an error came, the innermost last."""
    found, entry = [], error.__traceback__
    while entry is not None:
        found.append(entry.tb_frame)
        entry = entry.tb_next
    return found


_MEANINGS = (
    _of_the_network,
    _of_the_machine,
    _of_torch,
    _of_the_loader,
    _of_a_part,
)
