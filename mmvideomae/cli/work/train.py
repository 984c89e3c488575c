"""Train, for ``mmvideomae train``."""

import argparse
import logging
import os
import shlex
import sys
from pathlib import Path
from typing import Any

from mmengine.config import Config

from mmvideomae.cli.tool import INTERRUPTED, ctrl_c_kept
from mmvideomae.configs import ConfigError
from mmvideomae.engine import (
    batch_size_warning,
    launched_world_size,
    prepare_cpu_processes,
    scale_learning_rate,
)
from mmvideomae.engine.hooks import PreemptedError
from mmvideomae.engine.run_config import (
    enable_amp,
    environment_of,
    load_run_config,
    log_to,
    plain_message,
    resume_from,
    with_environment,
)
from mmvideomae.engine.worker_failures import naming_files
from mmvideomae.registry import RUNNERS
from mmvideomae.storage import require_free, taken_back


def _prepare(args: argparse.Namespace) -> tuple[Config, str, bool]:
    """Config with the command line applied; a line on the learning rate, and whether it warns."""
    cfg = load_run_config(args.config, args.work_dir, args.launcher, args.cfg_options)
    if cfg.get('train_dataloader') is None or cfg.get('optim_wrapper') is None:
        raise ConfigError(f'{args.config} does not describe a training')
    require_free(Path(cfg.work_dir), 'another training run')
    if args.amp:
        enable_amp(cfg)
    if args.log_to:
        log_to(cfg, args.log_to)
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
    """Train; returns the exit status, or what is wrong."""
    if args.local_rank is not None:
        os.environ.setdefault('LOCAL_RANK', str(args.local_rank))
    logging.raiseExceptions = False  # the code that writes the values reports a full disk, once
    cfg = None
    try:
        with ctrl_c_kept():
            cfg, line, warns = _prepare(args)
            _train(cfg, line, warns)
    except PreemptedError as stop:
        print(f'{stop}: {_continuing(args, cfg)}', file=sys.stderr)
        return stop.exit_code
    except KeyboardInterrupt:
        told = 'interrupted: the newest checkpoint, if there is one, is continued by'
        print(f'{told} {_continuing(args, cfg)}', file=sys.stderr)
        return INTERRUPTED
    except Exception as error:
        if (message := plain_message(error)) is None:
            raise
        return with_environment(message, cfg)
    return 0


def _train(cfg: Config, line: str, warns: bool) -> None:
    """Train; a run that fails before its first iteration has ended leaves no files."""
    runner: Any = None

    def is_kept() -> bool:
        # Only the first process has written anything.
        rank = os.environ.get('RANK', os.environ.get('SLURM_PROCID', '0'))
        return rank != '0' or (runner and 'train/time' in runner.message_hub.log_scalars)

    with taken_back(Path(cfg.work_dir), is_kept):
        runner = RUNNERS.build(cfg)
        if line:
            (runner.logger.warning if warns else runner.logger.info)(line)
        with naming_files(runner):
            runner.train()


def _continuing(args: argparse.Namespace, cfg: Config | None) -> str:
    """The command that continues the run of this process, with the variables that it had."""
    if args.launcher != 'none':
        return 'the same command with --resume'
    words = sys.argv[1:]
    if '--resume' in words:
        place = words.index('--resume')
        del words[place : place + (1 if args.resume == 'auto' else 2)]
    name = sys.argv[0] if sys.argv[0].startswith('mmvideomae ') else f'python {sys.argv[0]}'
    variables = [f'{key}={shlex.quote(value)} ' for key, value in environment_of(cfg).items()]
    return f'{"".join(variables)}{name} {shlex.join([*words, "--resume"])}'
