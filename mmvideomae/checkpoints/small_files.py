"""Files of what fine-tuning changed: LoRA and its merge, and differences from other weights."""

import os
from collections.abc import Callable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from mmvideomae.checkpoints.errors import CheckpointError, some
from mmvideomae.checkpoints.names import Weights
from mmvideomae.storage import replacing

CHANGE_ENTRY = 'changes'
_LOW_RANK = '.low_rank.'
_PARTS = ('q', 'k', 'v')


def with_merged_changes(weights: Weights) -> dict[str, Tensor]:
    """Weights in which the changes of LoRA are added to what they change; others as they are.

    Raises:
        CheckpointError: A change is incomplete.
    """
    found = {key: value for key, value in weights.items() if _LOW_RANK not in key}
    for place in sorted({key.partition(_LOW_RANK)[0] for key in weights if _LOW_RANK in key}):
        name, own = f'{place}.qkv.weight', f'{place}{_LOW_RANK}'
        needed = [name, f'{own}scale']
        parts = [part for part in _PARTS if f'{own}a.{part}' in weights]
        needed += [f'{own}b.{part}' for part in parts]
        if missing := [key for key in needed if key not in weights]:
            raise CheckpointError(f'its change of LoRA is incomplete: {some(missing)} missing')
        rows = dict(zip(_PARTS, found[name].chunk(3), strict=True))
        for part in parts:
            change = weights[f'{own}b.{part}'] @ weights[f'{own}a.{part}']
            rows[part] = rows[part] + weights[f'{own}scale'] * change
        found[name] = torch.cat([rows[part] for part in _PARTS])
    return found


def save_changes(weights: Weights, base: str, base_weights: Weights, path: Path) -> Path:
    """Write only those weights that ``base`` lacks or has with other values.

    Args:
        base: File, folder or address of the other weights, from which the file is completed when
            it is read.
        base_weights: They, with our names.

    Raises:
        CheckpointError: No weight is the same, so the file would not be smaller.
    """
    same = sorted(
        key
        for key, value in weights.items()
        if key in base_weights and torch.equal(base_weights[key], value)
    )
    if not same:
        raise CheckpointError(f'{path}: no weight is that of {base}, so nothing would be saved')
    change = {
        'base': os.fspath(base),
        'kept': same,
        'fingerprint': _fingerprint(base_weights, same),
    }
    state = {key: value.clone() for key, value in weights.items() if key not in same}
    with replacing(path) as new:
        torch.save({'state_dict': state, CHANGE_ENTRY: change}, new)
    return path


def completed(content: Any, source: Path, load: Callable[[str], Weights]) -> Any:
    """The content of a file; one of `save_changes` is completed by the weights it was made from.

    Args:
        source: The file; a relative base is also looked for beside it.
        load: Reads weights with our names.

    Raises:
        CheckpointError: The other weights are missing or have changed.
    """
    if not isinstance(content, Mapping) or CHANGE_ENTRY not in content:
        return content
    change, state = content[CHANGE_ENTRY], content['state_dict']
    base = str(change['base'])
    if not os.path.exists(base) and (source.parent / base).exists():
        base = str(source.parent / base)
    try:
        found = load(base)
    except FileNotFoundError:
        raise CheckpointError(
            f'{source} holds only what differs from {base}, which does not exist: put that file '
            'there or beside this one'
        ) from None
    missing = [key for key in change['kept'] if key not in found]
    if missing or _fingerprint(found, change['kept']) != change['fingerprint']:
        raise CheckpointError(
            f'{source} was made from other weights than those that are now in {base}'
        )
    whole = {**{key: found[key] for key in change['kept']}, **state}
    rest = {key: value for key, value in content.items() if key != CHANGE_ENTRY}
    return {**rest, 'state_dict': whole}


def _fingerprint(weights: Weights, keys: list[str]) -> str:
    digest = sha256()
    for key in keys:
        raw = weights[key].detach().cpu().contiguous().flatten().view(torch.uint8)
        digest.update(f'{key} {weights[key].dtype} {tuple(weights[key].shape)} '.encode())
        digest.update(raw.numpy().tobytes())
    return digest.hexdigest()
