"""Forecast a training, for ``mmvideomae forecast``."""

import argparse
from dataclasses import asdict

from mmvideomae.analysis.training_forecast import Forecast, forecast
from mmvideomae.cli.tool import Told, UsageError
from mmvideomae.engine import prepare_cpu_processes
from mmvideomae.engine.run_config import load_run_config


def forecast_text(found: Forecast) -> str:
    """The forecast in words."""
    own, others = (part / 2**30 for part in found.memory)
    device = f', device {found.device_memory / 2**30:.1f} GiB' if found.device_memory else ''
    rate = found.clips / found.seconds
    return '\n'.join(
        [
            f'time    {found.hours:.2f} h for {found.iterations} iterations of '
            f'{found.seconds:.3f} s ({rate:.1f} clips/s), without validation',
            f'limit   the {found.limit}: {found.waiting:.0%} of the time is waiting for data',
            f'cores   {found.cores:.1f} for the loader ({1000 * found.loading:.1f} ms a clip)',
            f'memory  {own:.1f} GiB, and up to {others:.1f} GiB for each process of the '
            f'loader{device}',
            f'disk    {found.data / 1e9:.1f} GB of videos, and {found.checkpoints} checkpoints of '
            f'{found.checkpoint / 1e9:.2f} GB',
        ]
    )


def make(args: argparse.Namespace) -> Told:
    if args.seconds <= 0:
        raise UsageError('--seconds must be positive')
    cfg = load_run_config(args.config, cfg_options=args.cfg_options)
    if cfg.get('train_dataloader') is None or cfg.get('optim_wrapper') is None:
        raise UsageError(f'{args.config} does not describe a training')
    prepare_cpu_processes(cfg)
    found = forecast(cfg, args.seconds)
    derived = {'hours': found.hours, 'cores': found.cores, 'limit': found.limit}
    return Told({**asdict(found), **derived}, forecast_text(found))
