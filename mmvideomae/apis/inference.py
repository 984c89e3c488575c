"""Build a model from a config and a checkpoint, ready for inference."""

import os
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import torch
from mmengine import Config
from mmengine.device import get_device
from mmengine.logging import print_log
from mmengine.registry import init_default_scope
from torch import nn

from mmvideomae.checkpoints import CheckpointError, fit, load, published, published_weights
from mmvideomae.configs import ConfigError, ConfigMissingError, apply_options, read_config
from mmvideomae.engine.run_config import plain_message, with_environment
from mmvideomae.errors import UserError
from mmvideomae.registry import MODELS
from mmvideomae.version import shipped

Video = str | os.PathLike[str]
"""A video file or a folder of frames."""
OWN_WEIGHTS = 'own'
"""In the place of a checkpoint: the weights that the encoder of another library has itself."""
OnProgress = Callable[[int, int], None]
"""Called with the part of a video that is done, such as windows, and the total."""


def init_model(
    config: str | os.PathLike[str] | Config,
    checkpoint: str | os.PathLike[str] | None = None,
    device: str | torch.device | None = None,
    cfg_options: dict[str, Any] | None = None,
) -> nn.Module:
    """Build a config's model, load its weights and switch it to evaluation.

    Args:
        config: A config file, a config, or the name of public weights
            (``mmvideomae weights list``), which gives both.
        checkpoint: A file or folder of any format that `mmvideomae.checkpoints` reads, or its
            ``http(s)`` address; 'own': those that an encoder of transformers or timm has
            itself; None keeps the random weights.  If its head has other classes, the config's
            ``default_hooks.head_rows.label_map`` selects their rows.
        device: The default is that of a runner: the accelerator if there is one (GPU, NPU, MPS
            or another that mmengine supports), else the CPU.
        cfg_options: Values that replace those of the config, keyed by dotted names.

    Returns:
        The model; its attribute ``cfg`` is the config and ``checkpoint`` the path.

    Raises:
        ConfigError: The config cannot be read, or an option does not fit it (a ``ValueError``).
        ValueError: The config has no model, or the device does not exist.
        CheckpointError: The checkpoint cannot be read or does not fit; the message names the
            keys (a ``ValueError``).
        FileNotFoundError: The config or the checkpoint does not exist.
    """
    if isinstance(config, str) and config in published_weights() and not os.path.exists(config):
        config, checkpoint = config_of_weights(config), checkpoint or config
    cfg = config.copy() if isinstance(config, Config) else read_config(config)
    apply_options(cfg, cfg_options)
    if cfg.get('model') is None:
        raise ValueError(f'{cfg.filename or "the config"} has no model')
    init_default_scope(cfg.get('default_scope', 'mmvideomae'))
    model = built_model(cfg)
    if checkpoint is not None:
        _load_weights(model, checkpoint, cfg)
    model.cfg, model.checkpoint = cfg, checkpoint and os.fspath(checkpoint)
    return _moved(model, device or get_device()).eval()


def config_of_weights(name: str) -> Path:
    """The config of public weights: of the checkout, or of the installed package.

    Raises:
        CheckpointError: There are no such weights.
        ConfigMissingError: The configs are not installed.
    """
    config = shipped(f'configs/{published(name).config}')
    if not config.is_file():
        raise ConfigMissingError(f'config not found: {config}, in the configs of this project')
    return config


def built_model(cfg: Config) -> nn.Module:
    """The model of a config.

    Raises:
        ConfigError: It has an unknown type, key or value.
    """
    try:
        return MODELS.build(cfg.model)
    except Exception as error:
        if isinstance(error, UserError) or (told := plain_message(error)) is None:
            raise
        raise ConfigError(f'{cfg.filename or "the config"}: {told}') from error


def as_model(
    model: nn.Module | Config | str | os.PathLike[str],
    checkpoint: str | os.PathLike[str] | None = None,
    device: str | torch.device | None = None,
) -> nn.Module:
    """`init_model` of a config, or the given model, moved to ``device`` if that is given.

    Raises:
        ValueError: A model and a checkpoint were given, or see `init_model`.
    """
    if not isinstance(model, nn.Module):
        return init_model(model, checkpoint, device)
    if checkpoint is not None:
        raise ValueError('a checkpoint needs a config, not a built model')
    return model if device is None else model.to(device)


def without_head(model: nn.Module | Config | str | os.PathLike[str]) -> nn.Module | Config:
    """A config's recognizer without its head, so that weights of the encoder are enough.

    A model, and a config of anything else, stays as it is.
    """
    if isinstance(model, nn.Module):
        return model
    cfg = deepcopy(model) if isinstance(model, Config) else read_config(model)
    if (cfg.get('model') or {}).get('type') == 'Recognizer3D':
        cfg.model.pop('cls_head', None)
    return cfg


def model_name(model: nn.Module) -> str:
    """The name of a model in messages: its checkpoint, its config or its class."""
    cfg = getattr(model, 'cfg', None)
    told = getattr(model, 'checkpoint', None) or getattr(cfg, 'filename', None)
    return f'{type(model).__name__} ({told})' if told else type(model).__name__


def _moved(model: nn.Module, device: str | torch.device) -> nn.Module:
    try:
        return model.to(device)
    except RuntimeError as error:
        reason = str(error).partition('\n')[0].partition('. ')[0]
        cure = '' if get_device() != 'cpu' else '; torch finds no GPU here, so use cpu'
        raise ValueError(f'device {str(device)!r} cannot be used: {reason}{cure}') from error


def _load_weights(model: nn.Module, path: str | os.PathLike[str], cfg: Config) -> None:
    """Load weights strictly: missing or unexpected ones are an error."""
    if path == OWN_WEIGHTS:
        _load_own(model, cfg)
        return
    done = load(path)
    hook = (cfg.get('default_hooks') or {}).get('head_rows') or {}
    name, label_map = os.fspath(path), hook.get('label_map')
    try:
        fitted = fit(done.state_dict, model, name, False, label_map, done.num_heads)
    except CheckpointError as error:
        raise CheckpointError(with_environment(str(error), cfg)) from error
    model.load_state_dict(fitted.state_dict, strict=False)
    for line in (*done.lines, *fitted.notes):
        print_log(f'{name}: {line}', logger='current')


def _load_own(model: nn.Module, cfg: Config) -> None:
    backbone: Any = getattr(model, 'backbone', None)
    if not hasattr(backbone, 'preprocessing') or hasattr(model, 'cls_head'):
        raise ConfigError(
            f'the checkpoint is {OWN_WEIGHTS!r}, but {cfg.filename or "the config"} describes more '
            'than an encoder of another library, which has weights: give a file'
        )
    backbone.init_weights()


def process_device(device: str | None) -> str | None:
    """``device`` if it is given, else that of this process of ``torchrun``, else None."""
    rank, kind = os.environ.get('LOCAL_RANK'), get_device()
    if device is None and rank is not None and kind not in ('cpu', 'mps'):  # which exist only once
        return f'{kind}:{rank}'
    return device


def default_shape(backbone: nn.Module) -> tuple[int, int, int]:
    """Frames, height and width of the clips that a ``VideoMAEViT`` is made for."""
    try:
        slots, rows, columns = backbone.grid_size
        patch = backbone.patch_size
        return slots * backbone.tubelet_size, rows * patch, columns * patch
    except AttributeError:
        raise ValueError(
            f'{type(backbone).__name__} does not define the size of its clips: give frames, height '
            'and width with --shape'
        ) from None
