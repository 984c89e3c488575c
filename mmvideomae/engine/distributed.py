"""Processes: how many a launcher started, and how they talk without a GPU."""

import os
from collections.abc import Mapping

from mmengine.config import Config
from mmengine.device import get_device
from mmengine.dist import is_distributed
from torch import distributed

_WORLD_SIZE_VARIABLES = {
    'pytorch': 'WORLD_SIZE',
    'slurm': 'SLURM_NTASKS',
    'mpi': 'OMPI_COMM_WORLD_SIZE',
}


def launched_world_size(launcher: str, environ: Mapping[str, str] = os.environ) -> int:
    """Number of processes that `launcher` started, before they have met.

    Raises:
        ValueError: If the launcher's environment variable is absent.
    """
    if launcher == 'none':
        return 1
    variable = _WORLD_SIZE_VARIABLES[launcher]
    if variable not in environ:
        raise ValueError(
            f'--launcher {launcher} expects the environment variable {variable}, which is unset; '
            'start through tools/dist_train.sh (torchrun) or tools/slurm_train.sh'
        )
    return int(environ[variable])


def prepare_cpu_processes(cfg: Config) -> None:
    """Let several processes train on a machine without an accelerator, over gloo.

    mmengine 0.10.7 always selects a CUDA device when it joins the processes
    (`mmengine/dist/utils.py`, `_init_dist_pytorch`), and always gives one to
    `DistributedDataParallel` (`wrap_model` in `mmengine/runner/runner.py`, `_wrap_model` in
    `mmengine/_strategy/distributed.py`), which refuses it for a model on the CPU.  So the group
    is made here, where mmengine finds it, and the wrapper is told to use no device.  Nothing is
    done with an accelerator or a single process.  For FSDP see `ShardedStrategy`.

    Raises:
        ValueError: With a launcher other than torchrun.
    """
    launcher = cfg.get('launcher', 'none')
    if launcher == 'none' or get_device() != 'cpu':
        return
    if launcher != 'pytorch':
        raise ValueError(f'without a GPU only --launcher pytorch works, got {launcher!r}')
    # Config copies the dictionaries that it is given, so they are completed before.
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
