"""Load weights with our names from a path, also when mmengine loads a checkpoint."""

import os
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeAlias

import fsspec
import torch
from mmengine.logging import print_log
from mmengine.registry import DefaultScope
from mmengine.runner.checkpoint import CheckpointLoader
from torch import Tensor

from mmvideomae.checkpoints.conversion import detect, to_ours
from mmvideomae.checkpoints.downloads import downloaded
from mmvideomae.checkpoints.errors import CheckpointError
from mmvideomae.checkpoints.formats import LAYOUTS
from mmvideomae.checkpoints.formats.layout import Conversion
from mmvideomae.checkpoints.public_weights import fetch_published, published_weights
from mmvideomae.checkpoints.reading import (
    WeightFile,
    read_content,
    read_hf_config,
    unwrap,
)
from mmvideomae.checkpoints.small_files import completed
from mmvideomae.storage.remote import AddressError, is_address, local_copy, without_secrets

# A checkpoint with these entries is an mmengine run to resume, and is returned unchanged.
RUN_ENTRIES = {'optimizer', 'message_hub'}
ADDRESSES = ('http://', 'https://')
# Entries of the metadata for mmengine.
NUM_HEADS_ENTRY = 'num_heads'
MapLocation: TypeAlias = str | torch.device | Callable[..., Any] | None


def load_state_dict(
    path: str | os.PathLike[str], trust: bool = False, tubelet_size: int = 2
) -> 'OrderedDict[str, Tensor]':
    """The weights of any supported file or folder, with our names, on the CPU.

    Args:
        trust: Allow the file to run code while it is read; for files from a trusted source that
            hold more than weights and plain data.
        tubelet_size: Frames per cube, for image models, see `to_ours`.

    Raises:
        FileNotFoundError: The file does not exist.
        CheckpointError: It cannot be read or mapped; the message names the file and the reason.
    """
    return load(path, trust, tubelet_size).state_dict


def load(path: str | os.PathLike[str], trust: bool = False, tubelet_size: int = 2) -> Conversion:
    """Like `load_state_dict`, with the format and the dropped tensors."""
    with _local(path) as local:
        file = WeightFile(unwrap(_content(local, trust), local), read_hf_config(local))
        return _converted(file, str(local), tubelet_size)


def _content(path: Path, trust: bool = False) -> Any:
    """The content of a file, completed if it holds only changes to other weights."""
    return completed(read_content(path, trust), path, load_state_dict)


@contextmanager
def _local(path: str | os.PathLike[str]) -> Iterator[Path]:
    """A local path: of http(s) and of public weights in torch's cache; else a copy for this block.

    Raises:
        CheckpointError: There is nothing at an address, or what is wrong with it there.
    """
    text = os.fspath(path)
    if text.startswith(ADDRESSES):
        yield downloaded(text)
    elif not is_address(text):
        path = Path(text).expanduser()
        named = not path.exists() and text in published_weights()
        yield fetch_published(text) if named else path
    else:
        shown, copied = without_secrets(text), text
        try:
            with local_copy(text) as copy:
                copied = str(copy)
                yield copy
        except AddressError as error:
            raise CheckpointError(f'{shown}: {error.reason}') from None
        except CheckpointError as error:
            raise CheckpointError(str(error).replace(copied, shown)) from None


def _converted(file: WeightFile, source: str, tubelet_size: int = 2) -> Conversion:
    try:
        done = to_ours(file.state_dict, tubelet_size)
        return LAYOUTS[done.format].with_config(done, file.config)
    except CheckpointError as error:
        raise CheckpointError(f'{source}: {error}') from error


def load_for_mmengine(filename: str, map_location: MapLocation = None) -> dict[str, Any]:
    """Load a path for mmengine: foreign weights with our names, our own files as they are.

    Weights of networks other than VideoMAE's are returned as they are.  So are all weights while
    another project's scope is active, since its models have other names.
    """
    with _local(filename) as path:
        content = _content(path)
        if not isinstance(content, dict):
            raise CheckpointError(f'{path} holds no weights: it is a {type(content).__name__}')
        scope = DefaultScope.get_current_instance()
        if scope is None or scope.scope_name == 'mmvideomae':
            content = _for_mmengine(content, path)
    return _moved(content, map_location)


def _for_mmengine(content: dict[str, Any], path: Path) -> dict[str, Any]:
    source = str(path)
    if content.keys() >= RUN_ENTRIES:
        return content
    weights = unwrap(content, source)
    try:
        known = detect(weights)
    except CheckpointError:
        return content
    if known == 'ours' and 'state_dict' in content:
        return content
    done = _converted(WeightFile(weights, read_hf_config(path)), source)
    print_log(f'{source} is {LAYOUTS[done.format].title}', logger='current')
    for line in done.lines:
        print_log(f'{source}: {line}', logger='current')
    meta = content.get('meta')
    meta = dict(meta) if isinstance(meta, dict) else {}
    if done.num_heads:
        meta[NUM_HEADS_ENTRY] = dict(done.num_heads)
    return {'meta': meta, 'state_dict': done.state_dict}


def heads_in(content: Mapping[str, Any]) -> dict[str, int]:
    """`Conversion.num_heads` from the result of `load_for_mmengine`."""
    meta = content.get('meta')
    heads = meta.get(NUM_HEADS_ENTRY) if isinstance(meta, dict) else None
    return heads if isinstance(heads, dict) else {}


def _moved(content: Any, map_location: MapLocation) -> Any:
    """Move tensors to a device; for other kinds of ``map_location``, leave them on the CPU."""
    if not isinstance(map_location, (str, torch.device)):
        return content
    if torch.device(map_location).type == 'cpu':
        return content
    if isinstance(content, Tensor):
        return content.to(map_location)
    if isinstance(content, dict):
        for key, value in content.items():
            content[key] = _moved(value, map_location)
        return content
    if isinstance(content, (list, tuple)) and type(content) in (list, tuple):
        return type(content)(_moved(value, map_location) for value in content)
    return content


def register_loaders() -> None:
    """Make mmengine read local paths and the addresses of fsspec through this package."""
    known = (f'{name}://' for name in fsspec.available_protocols())
    CheckpointLoader.register_scheme(['', *ADDRESSES, *known], load_for_mmengine, force=True)


register_loaders()
