"""Test a checkpoint, for ``mmvideomae test``."""

import argparse
import logging
import os
from pathlib import Path
from typing import Any

from mmengine.config import Config

from mmvideomae.configs import ConfigError
from mmvideomae.engine import prepare_cpu_processes
from mmvideomae.engine.run_config import (
    load_run_config,
    plain_message,
    require_checkpoint,
    with_environment,
)
from mmvideomae.engine.worker_failures import naming_files
from mmvideomae.errors import NotFiniteError
from mmvideomae.registry import RUNNERS
from mmvideomae.storage import taken_back


def _prepare(args: argparse.Namespace) -> Config:
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


def run(args: argparse.Namespace) -> int | str:
    """Test; returns what ``sys.exit`` takes."""
    if args.local_rank is not None:
        os.environ.setdefault('LOCAL_RANK', str(args.local_rank))
    logging.raiseExceptions = False  # the code that writes the values reports a full disk, once
    cfg = None
    try:
        cfg = _prepare(args)
        _test(cfg)
    except Exception as error:
        if (message := plain_message(error)) is None:
            raise
        whose = f'; the weights are {args.checkpoint}' if isinstance(error, NotFiniteError) else ''
        return f'error: {with_environment(message, cfg)}{whose}'
    return 0


def _test(cfg: Config) -> None:
    """Test; if that fails before the weights are loaded, no files are left."""
    runner: Any = None
    with taken_back(Path(cfg.work_dir), lambda: getattr(runner, '_has_loaded', False)):
        runner = RUNNERS.build(cfg)
        with naming_files(runner):
            runner.test()
