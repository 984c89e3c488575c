"""Fully sharded training (FSDP) through mmengine's FlexibleRunner."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from mmengine._strategy import FSDPStrategy
from mmengine.config import Config
from mmengine.device import get_device
from mmengine.optim import BaseOptimWrapper, OptimWrapper
from torch import Tensor, nn
from torch.distributed.fsdp import (
    FullOptimStateDictConfig,
    FullStateDictConfig,
    FullyShardedDataParallel,
    StateDictType,
)
from torch.optim import Optimizer

BLOCKS = ('Block', 'AxisBlock')
"""Classes of the transformer blocks of this package."""


def wrap_blocks(
    module: nn.Module,
    recurse: bool,
    nonwrapped_numel: int,
    block_names: Sequence[str] = BLOCKS,
) -> bool:
    """FSDP's `auto_wrap_policy`: shard every transformer block as a unit, and the rest as another.

    Classes are given by name, since a config file cannot contain classes.

    Args:
        module: The module in question.
        recurse: Whether FSDP asks to look inside the module (always) or to wrap it.
        nonwrapped_numel: Number of parameters not yet in a unit; ignored.
        block_names: Names of the classes to wrap, by default those of this package.
    """
    return recurse or is_block(module, block_names)


def is_block(module: nn.Module, block_names: Sequence[str] = BLOCKS) -> bool:
    """Whether a module is a transformer block; the `check_fn` of activation checkpointing."""
    return type(module).__name__ in block_names


class ShardedStrategy(FSDPStrategy):
    """mmengine's FSDP strategy, fixed for current versions of torch.

    mmengine 0.10.7 (`mmengine/_strategy/fsdp.py`)

    - cannot resume with torch >= 2.1, because it calls `optim_state_dict_to_load` with arguments
      in the order of torch 2.0;
    - clips the gradient by the norm of each process's own shard, so processes scale their shards
      differently (`OptimWrapper._clip_grad`); here the norm is that of the whole gradient;
    - always requests a CUDA device.  On a CPU, as in tests, FSDP is set to use the CPU and not to
      move gathered tensors "to the CPU": torch 2.11 would free the weights while they are in use,
      and save every moment of the optimizer as the last one.

    Configs refer to it by its path, because FlexibleRunner builds the strategy before it sets the
    default scope.
    """

    # Set by the parent.
    model_wrapper: dict[str, Any] | None

    def _wrap_model(self, model: nn.Module) -> nn.Module:
        """Shard the model."""
        if get_device() == 'cpu':
            wrapper = self.model_wrapper or {'type': 'MMFullyShardedDataParallel'}
            self.model_wrapper = {**wrapper, 'device_id': 'cpu'}
            if self.state_dict_type == StateDictType.FULL_STATE_DICT:
                stay = {'rank0_only': True, 'offload_to_cpu': False}
                self.state_dict_config = FullStateDictConfig(**stay)
                self.optim_state_dict_config = FullOptimStateDictConfig(**stay)
        return super()._wrap_model(model)

    def build_optim_wrapper(
        self,
        optim_wrapper: Optimizer | OptimWrapper | Config | dict[str, Any],
        model: nn.Module | None = None,
    ) -> BaseOptimWrapper:
        """Build the optimizer of the sharded model, which clips by the whole gradient's norm."""
        built = super().build_optim_wrapper(optim_wrapper, model)
        if getattr(built, 'grad_name', None) == 'grad_norm':
            built.clip_func = _clip_whole_gradient(model)
        return built

    def optim_state_dict(self) -> dict[str, Any]:
        """The optimizer's state keyed by parameter names, gathered like the model's state."""
        return FullyShardedDataParallel.optim_state_dict(self.model, self.optim_wrapper.optimizer)

    def load_optim_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Load the result of `optim_state_dict`."""
        optimizer = self.optim_wrapper.optimizer
        shards = FullyShardedDataParallel.optim_state_dict_to_load(
            self.model, optimizer, state_dict
        )
        self.optim_wrapper.load_state_dict(shards)


def _clip_whole_gradient(model: FullyShardedDataParallel) -> Callable[..., Tensor]:
    """A replacement for `clip_grad_norm_` that includes the shards of all processes."""

    def clip(parameters: Iterable[nn.Parameter], max_norm: float, norm_type: float = 2.0) -> Tensor:
        return model.clip_grad_norm_(max_norm, norm_type)

    return clip
