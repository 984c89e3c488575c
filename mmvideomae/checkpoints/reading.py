"""Read files as state dicts without running code from them."""

import argparse
import json
import pickle
import re
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor

from mmvideomae.checkpoints.completeness import GATHER
from mmvideomae.checkpoints.errors import CheckpointError, some
from mmvideomae.checkpoints.formats.vjepa2 import joint_state
from mmvideomae.errors import one_line, where
from mmvideomae.storage import ModuleCallError, PickleError, read_module

# Names of weight files in a folder, best first: Hugging Face's, then DeepSpeed's.
FOLDER_NAMES = (
    'model.safetensors',
    'model.safetensors.index.json',
    'pytorch_model.bin',
    'pytorch_model.bin.index.json',
    'mp_rank_00_model_states.pt',
)
_HF_SUFFIXES = ('.safetensors', '.bin', '.json')
# Entries that hold the state dict in files of ActionFormer (the moving average, which it
# evaluates), mmengine, the VideoMAE code, DeepSpeed and PySlowFast.
WRAPPERS = ('state_dict_ema', 'state_dict', 'model', 'module', 'model_state')
# Prefixes that DataParallel and torch.compile add to every key.
WRAPPER_PREFIXES = ('module.', '_orig_mod.')
TRUST_COMMAND = 'mmvideomae convert FILE OUT --trust'


@dataclass(frozen=True)
class WeightFile:
    """The weights of a file, still with the file's own names."""

    state_dict: dict[str, Tensor]
    config: dict[str, Any] = field(default_factory=dict)
    """``config.json`` beside the weights (Hugging Face)."""


def read_hf_config(path: Path) -> dict[str, Any]:
    """``config.json`` in a folder of weights, or beside a file of them; {} if there is none.

    Raises:
        CheckpointError: It is not a JSON object.
    """
    if path.is_file() and path.suffix not in _HF_SUFFIXES:
        return {}
    config = (path if path.is_dir() else path.parent) / 'config.json'
    return _read_json(config) if config.is_file() else {}


def read_content(path: Path, trust: bool = False) -> Any:
    """The whole content of a file or folder of weights, with tensors on the CPU.

    Args:
        trust: Allow the file to run code while it is read.

    Raises:
        FileNotFoundError: The file does not exist.
        CheckpointError: It holds more than weights and plain data, or is damaged.
    """
    if path.is_dir():
        path = _inside(path)
    if not path.is_file():
        raise FileNotFoundError(f'checkpoint not found: {path}{where(path)}')
    if path.name.endswith('.index.json'):
        return _read_shards(path, trust)
    with path.open('rb') as file:
        start = file.read(16)
    if not start:
        raise CheckpointError(f'{path} is empty')
    if path.suffix == '.safetensors' or start[8:9] == b'{':
        return guarded(path, lambda: load_file(path))
    return guarded(path, lambda: load_torch(path, trust))


def load_torch(path: Path, trust: bool = False) -> Any:
    """``torch.load`` of weights and plain data, including the arguments of a command.

    The released VideoMAE files hold an ``argparse.Namespace``, a set of attributes whose
    unpickling runs no code.  For a whole module, such as DALL-E's, its state dict is read.
    """
    with torch.serialization.safe_globals([argparse.Namespace]), warnings.catch_warnings():
        warnings.simplefilter('ignore', UserWarning)  # about the pickle protocol
        try:
            return torch.load(path, map_location='cpu', weights_only=not trust)
        except pickle.UnpicklingError as refused:
            try:
                state = read_module(path)
            except ModuleCallError:
                raise
            except PickleError:
                raise refused from None
            if state is None:
                raise
            return state


def unwrap(content: Any, path: Path | str) -> dict[str, Tensor]:
    """The state dict in a file's content, without prefixes from wrappers.

    Raises:
        CheckpointError: There is none.
    """
    state = content
    if isinstance(content, Mapping) and (joint := joint_state(content)):
        state = joint
    while isinstance(state, Mapping) and not _is_state(state):
        inner = [state[name] for name in WRAPPERS if isinstance(state.get(name), Mapping)]
        if not inner:
            break
        state = inner[0]
    if not isinstance(state, Mapping) or not _is_state(state):
        raise CheckpointError(
            f'{path} holds no weights: {_describe(state)}; expected named tensors, possibly '
            f'under one of {some(WRAPPERS)}'
        )
    return without_wrapper_prefixes(state)


def without_wrapper_prefixes(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Remove the prefixes that DataParallel and ``torch.compile`` add, in either order."""
    weights = dict(state)
    while weights and (
        found := [p for p in WRAPPER_PREFIXES if all(key.startswith(p) for key in weights)]
    ):
        weights = {key.removeprefix(found[0]): value for key, value in weights.items()}
    return weights


def _is_state(content: Mapping[Any, Any]) -> bool:
    return bool(content) and all(
        isinstance(key, str) and isinstance(value, Tensor) for key, value in content.items()
    )


def _describe(content: Any) -> str:
    if not isinstance(content, Mapping):
        return f'it is a {type(content).__name__}'
    if not content:
        return 'it has no entries'
    others = [str(key) for key, value in content.items() if not isinstance(value, Tensor)]
    return f'its {some(others)} are not tensors'


def _inside(folder: Path) -> Path:
    """The file in a folder that holds the weights."""
    for name in FOLDER_NAMES:
        if (folder / name).is_file():
            return folder / name
    if pieces := sorted(folder.glob('zero_pp_rank_*_model_states.pt')):
        raise CheckpointError(f'{pieces[0]} is a part of a checkpoint {GATHER}')
    found = sorted(folder.glob('*.pth'))
    hint = f'; give a file in it, such as {found[0]}' if found else ''
    raise CheckpointError(
        f'{folder} is a folder without weights: none of {some(FOLDER_NAMES)}{hint}'
    )


def _read_shards(index: Path, trust: bool) -> dict[str, Tensor]:
    """All tensors that the index of a sharded checkpoint lists."""
    listed = _read_json(index).get('weight_map')
    if not isinstance(listed, dict) or not listed:
        raise CheckpointError(f'{index} lists no weights: it has no weight_map')
    state: dict[str, Tensor] = {}
    for name in sorted(set(listed.values())):
        if Path(name).name != name:
            raise CheckpointError(f'{index} names a file outside its folder: {name!r}')
        state |= unwrap(read_content(index.parent / name, trust), index.parent / name)
    if missing := [key for key in listed if key not in state]:
        raise CheckpointError(f'{index} lists tensors that its files lack: {some(missing)}')
    return state


def _read_json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding='utf-8'))
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise CheckpointError(f'{path} is not valid JSON: {error}') from error
    if not isinstance(content, dict):
        raise CheckpointError(f'{path} is not a JSON object')
    return content


def guarded(path: Path, read: Callable[[], Any]) -> Any:
    """Run a reader on a file of any content; a failure becomes a one-line error."""
    try:
        return read()
    except Exception as error:  # a damaged pickle can raise anything
        raise CheckpointError(f'{path} {why_unreadable(error)}') from error


def why_unreadable(error: Exception) -> str:
    """Why a reader failed, without torch's advice to turn off its safety."""
    text = one_line(str(error))
    if found := re.search(
        r'GLOBAL ([\w.]+)|Unsupported class ([\w.]+)|class `?([\w.]+)`? was|it calls ([\w.]+)', text
    ):
        name = next(group for group in found.groups() if group)
        return (
            f'is refused: it holds {name}, which is more than weights and plain data, and reading '
            f'it can run code. If you trust its source, convert it once: {TRUST_COMMAND}'
        )
    if 'TorchScript' in text:
        return 'is a TorchScript program; save its state_dict() instead'
    if 'legacy .tar' in text:
        return (
            'is a tar archive. If PyTorch 0.1 wrote it, reading it can run code: if you trust its '
            f'source, convert it once: {TRUST_COMMAND}. Otherwise give the weight file in it'
        )
    text = text.rpartition('WeightsUnpickler error:')[2]
    text = ' '.join(part for part in re.split(r'(?<=\.) ', text) if 'weights_only' not in part)
    text = re.split(r'Check the documentation|If you are seeing this error', text)[0].strip()
    if isinstance(error, EOFError) or 'EOF' in text or 'central directory' in text:
        return f'is truncated or damaged: {text or "it ends too early"}'
    return f'is not a readable weight file, or is damaged: {text or type(error).__name__}'
