"""Build the tokenizer of a config, if possible without the rest of the model."""

import os
from typing import Any

import torch
from mmengine import Config
from mmengine.device import get_device
from mmengine.registry import init_default_scope
from torch import nn

from mmvideomae.configs import ConfigError, apply_options, read_config
from mmvideomae.engine.run_config import plain_message, require_checkpoint
from mmvideomae.errors import UserError
from mmvideomae.registry import TOKENIZERS


def init_tokenizer(
    config: str | os.PathLike[str] | Config,
    checkpoint: str | os.PathLike[str] | None = None,
    device: str | torch.device | None = None,
    cfg_options: dict[str, Any] | None = None,
) -> nn.Module:
    """The tokenizer of a model, in evaluation mode.

    In the config it is ``model.tokenizer`` if it is being trained, or
    ``model.data_preprocessor.tokenizer`` if a model learns from its codes.

    Args:
        config: A config file or a config.
        checkpoint: A checkpoint of the tokenizer or of a model that contains it; None: the files in
            the tokenizer's own ``init_cfg``.
        device: The default is the accelerator if there is one, else the CPU.
        cfg_options: Values that replace those of the config, keyed by dotted names.

    Raises:
        ConfigError: The config cannot be read, or has no tokenizer or one without weights.
        CheckpointError: The checkpoint does not fit (a ``ValueError``).
        FileNotFoundError: The config or the checkpoint does not exist.
    """
    cfg = config.copy() if isinstance(config, Config) else read_config(config)
    apply_options(cfg, cfg_options)
    name = cfg.filename or 'the config'
    model = cfg.get('model') or {}
    places = (model, model.get('data_preprocessor') or {}, cfg.get('data_preprocessor') or {})
    own = next((place['tokenizer'] for place in places if place.get('tokenizer')), None)
    if own is None:
        raise ConfigError(
            f'{name} has no tokenizer: set model.tokenizer or model.data_preprocessor.tokenizer'
        )
    if checkpoint is not None:
        require_checkpoint(os.fspath(checkpoint))
        own = {**own, 'init_cfg': {'type': 'Pretrained', 'checkpoint': os.fspath(checkpoint)}}
    if not own.get('init_cfg'):
        raise ConfigError(
            f'the tokenizer of {name} has random weights: give a checkpoint, or set its '
            "init_cfg=dict(type='Pretrained', checkpoint=FILE)"
        )
    init_default_scope(cfg.get('default_scope', 'mmvideomae'))
    return _built(own, name).to(device or get_device()).eval()


def _built(own: dict[str, Any], name: str) -> nn.Module:
    try:
        tokenizer: nn.Module = TOKENIZERS.build(own)
    except Exception as error:
        if isinstance(error, UserError) or (told := plain_message(error)) is None:
            raise
        raise ConfigError(f'{name}: {told}') from error
    tokenizer.init_weights()
    return tokenizer
