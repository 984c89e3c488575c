"""The number of processes that a launcher started, and their communication without a GPU."""

import os
from collections.abc import Mapping
from typing import Any

from mmengine.config import Config
from mmengine.device import get_device
from mmengine.dist import is_distributed
from mmengine.model import is_model_wrapper
from torch import distributed, nn

_WORLD_SIZE_VARIABLES = {
    'pytorch': 'WORLD_SIZE',
    'slurm': 'SLURM_NTASKS',
    'mpi': 'OMPI_COMM_WORLD_SIZE',
}


def launched_world_size(launcher: str, environ: Mapping[str, str] = os.environ) -> int:
    """Number of processes that `launcher` started, before they are connected.

    Raises:
        ValueError: The launcher's environment variable is not set.
    """
    if launcher == 'none':
        return 1
    variable = _WORLD_SIZE_VARIABLES[launcher]
    if variable not in environ:
        raise ValueError(
            f'--launcher {launcher} needs the environment variable {variable}, which is unset; '
            'start with torchrun -m mmvideomae train, tools/dist_train.sh or tools/slurm_train.sh'
        )
    return int(environ[variable])


def prepare_cpu_processes(cfg: Config) -> None:
    """Let several processes train on a machine without an accelerator, using gloo.

    mmengine 0.10.7 always selects a CUDA device when it connects the processes
    (`mmengine/dist/utils.py`, `_init_dist_pytorch`), and always gives one to
    `DistributedDataParallel` (`wrap_model` in `mmengine/runner/runner.py`, `_wrap_model` in
    `mmengine/_strategy/distributed.py`), which refuses it for a model on the CPU.  So the group
    is created here, where mmengine finds it, and the wrapper is set to use no device.  With an
    accelerator or a single process, nothing is done.  For FSDP see `ShardedStrategy`.

    Raises:
        ValueError: The launcher is not torchrun.
    """
    launcher = cfg.get('launcher', 'none')
    if launcher == 'none' or get_device() != 'cpu':
        return
    if launcher != 'pytorch':
        raise ValueError(f'without a GPU, only --launcher pytorch works, got {launcher!r}')
    # Config copies dictionaries, so they are completed first.
    env_cfg = dict(cfg.get('env_cfg') or {})
    cfg['env_cfg'] = {**env_cfg, 'dist_cfg': {**env_cfg.get('dist_cfg', {}), 'backend': 'gloo'}}
    if not is_distributed():
        distributed.init_process_group('gloo')
    strategy = cfg.get('strategy')
    if strategy is None:
        cfg['model_wrapper_cfg'] = {
            'type': 'MMDistributedDataParallel',
            'broadcast_buffers': False,
            'find_unused_parameters': cfg.get('find_unused_parameters', False),
            **(cfg.get('model_wrapper_cfg') or {}),
            'device_ids': None,
        }
    elif strategy['type'] == 'DDPStrategy':
        wrapper = strategy.get('model_wrapper') or {'broadcast_buffers': False}
        strategy['model_wrapper'] = {**wrapper, 'device_ids': None}


def unwrapped(model: nn.Module) -> Any:
    """The model inside a wrapper such as `DistributedDataParallel`; any other model itself."""
    return model.module if is_model_wrapper(model) else model
