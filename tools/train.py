"""Train, pre-train or fine-tune the model that a config describes."""

import argparse
import logging
import os
import sys
from pathlib import Path

from mmengine.config import Config
from mmengine.runner import Runner

from mmvideomae.cli.options import add_cfg_options
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


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add('config', help='config file')
    add(
        '--work-dir',
        help='folder for logs and checkpoints (default: work_dirs/<name of the config>)',
    )
    add(
        '--resume',
        nargs='?',
        const='auto',
        metavar='CKPT',
        help='continue exactly where CKPT was saved (or the newest of another work directory); '
        'without CKPT, continue from the newest checkpoint of the work directory, or start '
        'a new run if there is none',
    )
    add(
        '--amp',
        action='store_true',
        help='train in mixed precision even if the config does not ask for it',
    )
    add(
        '--auto-scale-lr',
        action='store_true',
        help='scale the learning rate by (batch size x processes x accumulated iterations) / '
        'auto_scale_lr.base_batch_size',
    )
    add(
        '--launcher',
        choices=['none', 'pytorch', 'slurm', 'mpi'],
        default='none',
        help='program that started the processes; the dist_ and slurm_ scripts set it',
    )
    add_cfg_options(
        parser,
        'override entries of the config, e.g. train_dataloader.batch_size=8 '
        'train_cfg.max_epochs=2; list values as key="[a,b]"',
    )
    # torch.distributed.launch and mim pass this.
    add('--local-rank', '--local_rank', type=int, help=argparse.SUPPRESS)
    return parser.parse_args()


def prepare(args: argparse.Namespace) -> tuple[Config, str, bool]:
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


def main() -> None:
    args = parse_args()
    if args.local_rank is not None:
        os.environ.setdefault('LOCAL_RANK', str(args.local_rank))
    logging.raiseExceptions = False  # the code that writes the values reports a full disk, once
    try:
        cfg, line, warns = prepare(args)
        runner = RUNNERS.build(cfg) if 'runner_type' in cfg else Runner.from_cfg(cfg)
        if line:
            (runner.logger.warning if warns else runner.logger.info)(line)
        with naming_files(runner):
            runner.train()
    except PreemptedError as stop:
        print(stop, file=sys.stderr)
        sys.exit(stop.exit_code)
    except Exception as error:
        if (message := plain_message(error)) is None:
            raise
        sys.exit(f'error: {message}')


if __name__ == '__main__':
    main()
