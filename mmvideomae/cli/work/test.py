"""Test a checkpoint, for ``mmvideomae test``."""

import argparse
import logging
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mmengine.config import Config
from mmengine.dist import is_main_process

from mmvideomae.apis.class_names import model_class_names
from mmvideomae.cli.tool import ctrl_c_kept
from mmvideomae.cli.work.wrong_clips import records_of, write_page
from mmvideomae.configs import ConfigError
from mmvideomae.engine.distributed import prepare_cpu_processes, unwrapped
from mmvideomae.engine.run_config import (
    load_run_config,
    plain_message,
    require_checkpoint,
    with_environment,
)
from mmvideomae.engine.worker_failures import naming_files
from mmvideomae.errors import NotFiniteError
from mmvideomae.formats.result_files import read_results
from mmvideomae.registry import RUNNERS
from mmvideomae.storage import check_writable, taken_back

_PREDICTIONS = 'predictions.pkl'  # in the folder of the page


def _prepare(args: argparse.Namespace) -> Config:
    """Config with the command line applied."""
    cfg = load_run_config(args.config, args.work_dir, args.launcher, args.cfg_options)
    require_checkpoint(args.checkpoint)
    if cfg.get('test_dataloader') is None or cfg.get('test_evaluator') is None:
        raise ConfigError(f'{args.config} has no test set (test_dataloader and test_evaluator)')
    cfg.load_from, cfg.resume = args.checkpoint, False
    if args.dump is not None and not args.dump.endswith(('.pkl', '.pickle')):
        raise ConfigError(f'--dump writes a pickle: {args.dump} must end in .pkl')
    evaluators = cfg.test_evaluator
    evaluators = list(evaluators) if isinstance(evaluators, (list, tuple)) else [evaluators]
    if args.page is not None:
        _require_page(args, evaluators)
    dump = args.dump or (args.page and str(args.page / _PREDICTIONS))
    if dump:
        cfg.test_evaluator = [*evaluators, {'type': 'DumpResults', 'out_file_path': dump}]
    prepare_cpu_processes(cfg)
    return cfg


def _require_page(args: argparse.Namespace, evaluators: list[Any]) -> None:
    """Check what the page of wrong clips needs before anything is tested."""
    if not any(str(each.get('type')).endswith('AccMetric') for each in evaluators):
        raise ConfigError(
            f'--page shows the wrong clips of a classifier, and the test of {args.config} does not '
            'compute AccMetric'
        )
    if args.page_clips < 1:
        raise ConfigError(f'--page-clips must be positive, got {args.page_clips}')
    check_writable(args.page / 'index.html')


def run(args: argparse.Namespace) -> int | str | dict[str, float]:
    """Test; returns the metrics, which only the main process has, or what is wrong."""
    if args.local_rank is not None:
        os.environ.setdefault('LOCAL_RANK', str(args.local_rank))
    logging.raiseExceptions = False  # the code that writes the values reports a full disk, once
    cfg = None
    try:
        with ctrl_c_kept():
            cfg = _prepare(args)
            runner, metrics = _test(cfg)
            if args.page is not None and is_main_process():
                _write_page(args, runner)
    except Exception as error:
        if (message := plain_message(error)) is None:
            raise
        whose = f'; the weights are {args.checkpoint}' if isinstance(error, NotFiniteError) else ''
        return f'{with_environment(message, cfg)}{whose}'
    return metrics if is_main_process() else 0


def _test(cfg: Config) -> tuple[Any, dict[str, float]]:
    """Test; if that fails before the weights are loaded, no files are left.

    Returns:
        The runner, and the metrics.
    """
    runner: Any = None
    with taken_back(Path(cfg.work_dir), lambda: getattr(runner, '_has_loaded', False)):
        runner = RUNNERS.build(cfg)
        with naming_files(runner):
            metrics = runner.test()
    return runner, metrics


def _write_page(args: argparse.Namespace, runner: Any) -> None:
    """Write the page of wrong clips from the predictions."""
    results = read_results(args.dump or args.page / _PREDICTIONS)
    dataset, count = runner.test_dataloader.dataset, results.scores.shape[1]
    names: Sequence[str] = [f'class {number}' for number in range(count)]
    if (dataset.metainfo or {}).get('classes'):
        names = model_class_names(runner.cfg, count, dataset.metainfo['classes'])
    model = unwrapped(runner.model)
    probabilities = getattr(model.cls_head, 'average_clips', None) == 'prob'
    title = f'Wrong clips of {Path(args.config).stem}'
    records = [*records_of(dataset)]
    page = write_page(args.page, results, records, names, title, args.page_clips, probabilities)
    runner.logger.info(f'page of the wrong clips: {page}')
