"""Optimizer wrapper and constructor: mixed precision on any device, few parameter groups."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from fnmatch import fnmatchcase as fnmatch
from typing import Any

import torch
from mmengine.device import get_device
from mmengine.logging import MMLogger
from mmengine.optim import AmpOptimWrapper as MMEngineAmpOptimWrapper
from mmengine.optim import OptimWrapper
from torch import nn
from torch.distributed.fsdp import FullyShardedDataParallel
from torch.optim import Optimizer

from mmvideomae.registry import OPTIM_WRAPPER_CONSTRUCTORS, OPTIM_WRAPPERS, OPTIMIZERS

# Inserted into parameter names by FSDP, activation checkpointing, torch.compile and DDP.
_WRAPPER_PARTS = {'_fsdp_wrapped_module', '_checkpoint_wrapped_module', '_orig_mod', 'module'}


@OPTIM_WRAPPERS.register_module()
class AmpOptimWrapper(MMEngineAmpOptimWrapper):
    """Mixed-precision optimizer wrapper that also trains on a CPU.

    mmengine's wrapper refuses to run without an accelerator and scales the loss for every type.
    Here the loss is scaled only for float16; bfloat16 has float32's range and needs no scaling.

    Args:
        optimizer: The optimizer.
        loss_scale: ``'dynamic'``, a fixed scale, or arguments of ``torch.amp.GradScaler``.
        dtype: ``'float16'``, ``'bfloat16'`` or a ``torch.dtype``; None means float16 on an
            accelerator, as in the papers, and float32 on a CPU, since many CPUs have no
            instructions for bfloat16 and take several times as long with it.
        use_fsdp: Whether the parameters are sharded by FSDP.
        accumulative_counts: Iterations per update.
        clip_grad: Arguments of gradient clipping.

    Raises:
        ValueError: The type is float16 on a CPU, or one that autocast does not support.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        loss_scale: str | float | dict[str, Any] = 'dynamic',
        dtype: str | torch.dtype | None = None,
        use_fsdp: bool = False,
        accumulative_counts: int = 1,
        clip_grad: dict[str, Any] | None = None,
    ) -> None:
        # Skips mmengine's own constructor, which asserts that there is an accelerator.
        OptimWrapper.__init__(
            self, optimizer, accumulative_counts=accumulative_counts, clip_grad=clip_grad
        )
        device = get_device()
        self.device_type = device
        self.cast_dtype = _autocast_dtype(dtype, device)
        self._scale_update_param = loss_scale if isinstance(loss_scale, float) else None
        self.loss_scaler = _build_scaler(
            loss_scale, device, enabled=self.cast_dtype == torch.float16, sharded=use_fsdp
        )

    @contextmanager
    def optim_context(self, model: nn.Module) -> Iterator[None]:
        """Autocast, and no gradient exchange while accumulating.

        mmengine's own autocast compares version strings in every iteration, which torch.compile
        cannot trace.
        """
        with OptimWrapper.optim_context(self, model):
            if self.cast_dtype == torch.float32:
                yield
                return
            with torch.autocast(self.device_type, dtype=self.cast_dtype):
                yield


def _autocast_dtype(dtype: str | torch.dtype | None, device: str) -> torch.dtype:
    """The type to compute in on ``device``."""
    if dtype is None:
        if device != 'cpu':
            return torch.float16
        MMLogger.get_current_instance().info(
            'The CPU computes in float32; optim_wrapper.dtype=bfloat16 is faster if it has '
            'instructions for that.'
        )
        return torch.float32
    resolved = getattr(torch, dtype, None) if isinstance(dtype, str) else dtype
    if resolved not in (torch.float16, torch.bfloat16):
        raise ValueError(f"dtype must be 'float16' or 'bfloat16', got {dtype!r}")
    if resolved == torch.float16 and device == 'cpu':
        raise ValueError(
            'float16 is not supported on a CPU; omit dtype or use '
            '--cfg-options optim_wrapper.dtype=bfloat16'
        )
    return resolved


def _build_scaler(
    loss_scale: str | float | dict[str, Any], device: str, enabled: bool, sharded: bool
) -> torch.amp.GradScaler:
    """A gradient scaler; a disabled one changes nothing."""
    if loss_scale == 'dynamic':
        options = {}
    elif isinstance(loss_scale, float):
        options = {'init_scale': loss_scale}
    elif isinstance(loss_scale, dict):
        options = dict(loss_scale)
    else:
        raise ValueError(f"loss_scale must be 'dynamic', a float or a dict, got {loss_scale!r}")
    if sharded:
        from torch.distributed.fsdp.sharded_grad_scaler import ShardedGradScaler

        return ShardedGradScaler(device=device, enabled=enabled, **options)
    return torch.amp.GradScaler(device, enabled=enabled, **options)


@OPTIM_WRAPPER_CONSTRUCTORS.register_module()
class GroupedOptimWrapperConstructor:
    """Build an optimizer with as few parameter groups as its settings allow.

    mmengine's default constructor makes one group per parameter as soon as any parameter has
    special settings, while a multi-tensor (``foreach`` or ``fused``) optimizer works group by
    group.  Here there are two groups, with and without weight decay, or two per layer with
    layer-wise learning-rate decay.

    There is no weight decay for one-dimensional parameters (norms, every bias, VideoMAE's
    ``q_bias`` and ``v_bias``), including those shaped for broadcasting like ActionFormer's norms
    (1, C, 1), unless ``decay_names`` names them, nor for parameters named in ``no_decay_names``.
    With layer-wise decay, layer ``i`` of ``n`` learns at ``rate ** (n - 1 - i)`` times the base
    rate; the model's part says to which layer a parameter belongs
    (``get_layer_depth(name) -> (layer, layers)``).  Parameters outside such a part, like a head,
    learn at the base rate, unless their part defines a multiple of it
    (``get_lr_factor(name, prefix) -> float``).

    Args:
        optim_wrapper_cfg: Config of the optimizer wrapper with an ``optimizer`` entry.
        paramwise_cfg: ``layer_decay_rate`` (in (0, 1], or None for no decay),
            ``no_decay_names`` (last parts of names; mask token, position table, class token) and
            ``decay_names`` (patterns of whole names, such as ``'head.*.weight'``; none).

    Raises:
        ValueError: A key is unknown, a rate is outside (0, 1], ``optimizer`` is missing, or
            layer-wise decay is set but no part of the model has ``get_layer_depth``.
    """

    def __init__(
        self, optim_wrapper_cfg: dict[str, Any], paramwise_cfg: dict[str, Any] | None = None
    ) -> None:
        self.wrapper_cfg = dict(optim_wrapper_cfg)
        if 'optimizer' not in self.wrapper_cfg:
            raise ValueError('optim_wrapper needs an `optimizer` entry')
        self.wrapper_cfg.setdefault('type', 'OptimWrapper')
        self.optimizer_cfg = dict(self.wrapper_cfg.pop('optimizer'))
        options = dict(paramwise_cfg or {})
        self.layer_decay_rate: float | None = options.pop('layer_decay_rate', None)
        self.no_decay_names: Sequence[str] = options.pop(
            'no_decay_names', ('mask_token', 'pos_embed', 'cls_token')
        )
        self.decay_names: Sequence[str] = options.pop('decay_names', ())
        if options:
            raise ValueError(
                f'unknown keys of paramwise_cfg: {sorted(options)}; '
                'known are layer_decay_rate, no_decay_names and decay_names'
            )
        if self.layer_decay_rate is not None and not 0.0 < self.layer_decay_rate <= 1.0:
            raise ValueError(f'layer_decay_rate must lie in (0, 1], got {self.layer_decay_rate}')

    def __call__(self, model: nn.Module) -> OptimWrapper:
        """Build the optimizer of the model's trainable parameters and wrap it."""
        optimizer = OPTIMIZERS.build({**self.optimizer_cfg, 'params': self.groups(model)})
        return OPTIM_WRAPPERS.build(self.wrapper_cfg, default_args={'optimizer': optimizer})

    def groups(self, model: nn.Module) -> list[dict[str, Any]]:
        """Parameter groups with ``params``, ``weight_decay``, ``lr`` and ``group_name``."""
        scales = _LayerScales(model, self.layer_decay_rate)
        groups: dict[str, dict[str, Any]] = {}
        for name, parameter, ndim in _trainable_parameters(model):
            layer, scale = scales.of(name)
            settings = {} if scale is None else {'lr': self.optimizer_cfg['lr'] * scale}
            decays = ndim > 1 and name.rsplit('.', 1)[-1] not in self.no_decay_names
            decays |= any(fnmatch(name, pattern) for pattern in self.decay_names)
            if not decays:
                settings['weight_decay'] = 0.0
            key = layer + ('decay' if decays else 'no_decay')
            group = groups.setdefault(key, {'params': [], 'group_name': key, **settings})
            group['params'].append(parameter)
        MMLogger.get_current_instance().info(
            'Parameter groups: '
            + ', '.join(f'{key} ({len(group["params"])})' for key, group in groups.items())
        )
        return list(groups.values())


class _LayerScales:
    """Shares of the base rate, computed from the layer of each parameter."""

    def __init__(self, model: nn.Module, rate: float | None) -> None:
        self.rate = rate
        self.parts = _parts_with(model, 'get_layer_depth')
        self.factored = _parts_with(model, 'get_lr_factor')
        if rate is not None and not self.parts:
            raise ValueError(
                f'layer_decay_rate needs a part with get_layer_depth, but {type(model).__name__} '
                'has none. Omit layer_decay_rate or use a backbone that has it (VideoMAEViT).'
            )

    def of(self, name: str) -> tuple[str, float | None]:
        """(beginning of the group's name, share of the base rate) for a parameter."""
        for path, part in self.factored.items():
            prefix = f'{path}.' if path else ''
            if name.startswith(prefix):
                factor = part.get_lr_factor(name, prefix)
                return f'factor_{factor:g}_', factor
        if self.rate is None:
            return '', None
        for path, part in self.parts.items():
            prefix = f'{path}.' if path else ''
            if name.startswith(prefix):
                layer, layers = part.get_layer_depth(name, prefix)
                return f'layer_{layer}_', self.rate ** (layers - 1 - layer)
        return 'rest_', 1.0


def _parts_with(model: nn.Module, method: str) -> dict[str, Any]:
    """Parts that have a method, keyed by name."""
    return {
        _clean(path): part for path, part in model.named_modules() if hasattr(type(part), method)
    }


def _trainable_parameters(model: nn.Module) -> Iterator[tuple[str, nn.Parameter, int]]:
    """(name, parameter, number of dimensions) of parameters that require a gradient."""
    ndims = {name: _dimensions(parameter) for name, parameter in _named_parameters(model)}
    if any(isinstance(module, FullyShardedDataParallel) for module in model.modules()):
        # A sharded parameter is a flat view; the original shapes are visible only when gathered.
        with FullyShardedDataParallel.summon_full_params(model, writeback=False):
            ndims = {name: _dimensions(parameter) for name, parameter in _named_parameters(model)}
    for name, parameter in _named_parameters(model):
        if parameter.requires_grad:
            yield name, parameter, ndims[name]


def _dimensions(parameter: nn.Parameter) -> int:
    """The number of dimensions; 1 for vectors shaped for broadcasting, such as (1, C, 1)."""
    shape = parameter.shape
    broadcast = parameter.ndim > 2 and shape[0] == 1 and max(shape[2:]) == 1
    return 1 if broadcast else parameter.ndim


def _named_parameters(model: nn.Module) -> Iterator[tuple[str, nn.Parameter]]:
    for name, parameter in model.named_parameters():
        yield _clean(name), parameter


def _clean(name: str) -> str:
    """The path of a module or parameter without the parts that wrappers insert."""
    return '.'.join(part for part in name.split('.') if part not in _WRAPPER_PARTS)
