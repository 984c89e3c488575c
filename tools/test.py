"""Test a checkpoint on the test set of a config."""

import argparse
import logging
import os
import sys

from mmengine.config import Config
from mmengine.runner import Runner

from mmvideomae.cli.options import add_cfg_options
from mmvideomae.configs import ConfigError
from mmvideomae.engine import prepare_cpu_processes
from mmvideomae.engine.run_config import load_run_config, plain_message, require_checkpoint
from mmvideomae.engine.worker_failures import naming_files
from mmvideomae.errors import NotFiniteError
from mmvideomae.registry import RUNNERS


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add('config', help='config file')
    add('checkpoint', help='checkpoint file')
    add('--work-dir', help='folder for logs (default: work_dirs/<name of the config>)')
    add('--dump', metavar='FILE', help='also write the predictions to this .pkl file')
    add(
        '--launcher',
        choices=['none', 'pytorch', 'slurm', 'mpi'],
        default='none',
        help='program that started the processes; the dist_ and slurm_ scripts set it',
    )
    add_cfg_options(parser, 'override entries of the config, e.g. test_dataloader.batch_size=8')
    add('--local-rank', '--local_rank', type=int, help=argparse.SUPPRESS)
    return parser.parse_args()


def prepare(args: argparse.Namespace) -> Config:
    """Config with the command line applied."""
    cfg = load_run_config(args.config, args.work_dir, args.launcher, args.cfg_options)
    require_checkpoint(args.checkpoint)
    if cfg.get('test_dataloader') is None or cfg.get('test_evaluator') is None:
        raise ConfigError(f'{args.config} has no test set (test_dataloader and test_evaluator)')
    cfg.load_from, cfg.resume = args.checkpoint, False
    if args.dump is not None:
        if not args.dump.endswith(('.pkl', '.pickle')):
            raise ConfigError(f'--dump writes a pickle: {args.dump} must end in .pkl')
        evaluators = cfg.test_evaluator
        evaluators = list(evaluators) if isinstance(evaluators, (list, tuple)) else [evaluators]
        cfg.test_evaluator = [*evaluators, {'type': 'DumpResults', 'out_file_path': args.dump}]
    prepare_cpu_processes(cfg)
    return cfg


def main() -> None:
    args = parse_args()
    if args.local_rank is not None:
        os.environ.setdefault('LOCAL_RANK', str(args.local_rank))
    logging.raiseExceptions = False  # the code that writes the values reports a full disk, once
    try:
        cfg = prepare(args)
        runner = RUNNERS.build(cfg) if 'runner_type' in cfg else Runner.from_cfg(cfg)
        with naming_files(runner):
            runner.test()
    except Exception as error:
        if (message := plain_message(error)) is None:
            raise
        whose = f'; the weights are {args.checkpoint}' if isinstance(error, NotFiniteError) else ''
        sys.exit(f'error: {message}{whose}')


if __name__ == '__main__':
    main()
