"""From a config and a checkpoint to a model that is ready to be asked."""

import os
import pickle
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from mmengine import Config
from mmengine.registry import init_default_scope
from mmengine.runner import CheckpointLoader
from torch import nn

from mmvideomae.registry import MODELS


def init_model(
    config: str | os.PathLike[str] | Config,
    checkpoint: str | os.PathLike[str] | None = None,
    device: str | torch.device | None = None,
    cfg_options: dict[str, Any] | None = None,
) -> nn.Module:
    """Build a config's model, load its weights and set it to evaluation.

    Args:
        config: A config file or a config.
        checkpoint: A file that training wrote, or its ``http(s)`` address; None keeps the
            random weights.
        device: The default is the GPU if there is one, and else the CPU.
        cfg_options: Values that replace those of the config, by dotted keys.

    Returns:
        The model; its attribute ``cfg`` is the config.

    Raises:
        ValueError: The config has no model, or the checkpoint does not fit it (the keys
            are named), or the checkpoint holds more than weights and plain data, or there
            is no such device.
        FileNotFoundError: There is no such config or checkpoint.
    """
    cfg = config.copy() if isinstance(config, Config) else Config.fromfile(Path(config))
    if cfg_options:
        cfg.merge_from_dict(cfg_options)
    if cfg.get('model') is None:
        raise ValueError(f'{cfg.filename or "the config"} has no model')
    init_default_scope(cfg.get('default_scope', 'mmvideomae'))
    model = MODELS.build(cfg.model)
    if checkpoint is not None:
        _load_weights(model, os.fspath(checkpoint))
    model.cfg = cfg
    return _moved(model, device or _default_device()).eval()


def _moved(model: nn.Module, device: str | torch.device) -> nn.Module:
    try:
        return model.to(device)
    except RuntimeError as error:
        reason = str(error).partition('\n')[0]
        raise ValueError(f'device {str(device)!r} cannot be used: {reason}') from error


def _load_weights(model: nn.Module, path: str) -> None:
    """Load a state dict whole: what is missing or left over is an error."""
    weights = _read_weights(path)
    try:
        report = model.load_state_dict(weights, strict=False)
    except RuntimeError as error:  # shapes
        reason = ' '.join(str(error).partition(':\n')[2].split())
        raise ValueError(f'{path} does not fit {type(model).__name__}: {reason}') from error
    complaints = [
        f'{text} {_some(keys)}'
        for text, keys in (
            ('the checkpoint lacks', report.missing_keys),
            ('the model has no', report.unexpected_keys),
        )
        if keys
    ]
    if complaints:
        raise ValueError(f'{path} does not fit {type(model).__name__}: {"; ".join(complaints)}')


def _read_weights(path: str) -> dict[str, torch.Tensor]:
    """The state dict of a checkpoint; prefixes of wrappers are dropped."""
    try:
        content = CheckpointLoader.load_checkpoint(path, map_location='cpu', logger='silent')
    except (RuntimeError, EOFError, pickle.UnpicklingError) as error:
        # torch puts advice to turn its safety off before the reason, and a link behind it.
        reason = str(error).rpartition('WeightsUnpickler error:')[2].partition('\n\nCheck')[0]
        raise ValueError(
            f'{path} is no checkpoint of weights and plain data: {" ".join(reason.split())}'
        ) from error
    weights = content.get('state_dict', content) if isinstance(content, dict) else None
    if not weights or not all(isinstance(value, torch.Tensor) for value in weights.values()):
        raise ValueError(f'{path} holds no state_dict')
    for prefix in ('module.', '_orig_mod.'):
        if all(key.startswith(prefix) for key in weights):
            weights = {key.removeprefix(prefix): value for key, value in weights.items()}
    return weights


def _some(keys: Sequence[str], count: int = 5) -> str:
    """The first keys, and how many more there are."""
    named = ', '.join(keys[:count])
    return named if len(keys) <= count else f'{named} and {len(keys) - count} more'


def _default_device() -> str:
    return 'cuda' if torch.cuda.is_available() else 'cpu'
