"""Train, for ``mmvideomae train``."""

import argparse
import logging
import os
import sys
from pathlib import Path

from mmengine.config import Config
from mmengine.runner import Runner

from mmvideomae.configs import ConfigError
from mmvideomae.engine import (
    batch_size_warning,
    launched_world_size,
    prepare_cpu_processes,
    scale_learning_rate,
)
from mmvideomae.engine.hooks import PreemptedError
from mmvideomae.engine.run_config import enable_amp, load_run_config, plain_message, resume_from
from mmvideomae.engine.worker_failures import naming_files
from mmvideomae.registry import RUNNERS
from mmvideomae.storage import require_free


def _prepare(args: argparse.Namespace) -> tuple[Config, str, bool]:
    """Config with the command line applied; a line on the learning rate, and whether it warns."""
    cfg = load_run_config(args.config, args.work_dir, args.launcher, args.cfg_options)
    if cfg.get('train_dataloader') is None or cfg.get('optim_wrapper') is None:
        raise ConfigError(f'{args.config} does not describe a training')
    require_free(Path(cfg.work_dir), 'another training run')
    if args.amp:
        enable_amp(cfg)
    if args.resume:
        resume_from(cfg, args.resume)
    world_size = launched_world_size(args.launcher)
    warning = batch_size_warning(cfg, world_size)
    line = warning or ''
    if args.auto_scale_lr or (cfg.get('auto_scale_lr') or {}).get('enable'):
        line, warning = str(scale_learning_rate(cfg, world_size)), None
    prepare_cpu_processes(cfg)
    return cfg, line, warning is not None


def run(args: argparse.Namespace) -> int | str:
    """Train; returns what ``sys.exit`` takes."""
    if args.local_rank is not None:
        os.environ.setdefault('LOCAL_RANK', str(args.local_rank))
    logging.raiseExceptions = False  # the code that writes the values reports a full disk, once
    try:
        cfg, line, warns = _prepare(args)
        runner = RUNNERS.build(cfg) if 'runner_type' in cfg else Runner.from_cfg(cfg)
        if line:
            (runner.logger.warning if warns else runner.logger.info)(line)
        with naming_files(runner):
            runner.train()
    except PreemptedError as stop:
        print(stop, file=sys.stderr)
        return stop.exit_code
    except Exception as error:
        if (message := plain_message(error)) is None:
            raise
        return f'error: {message}'
    return 0
