"""Forecast the time, cores, memory and disk space of a training, from its first seconds.

    python tools/analysis_tools/forecast.py CONFIG [--seconds 90] [--cfg-options ...]

Trains by the config for so many seconds on this machine, keeps nothing, and multiplies. The
first third is not measured: workers start then, and what they read ahead is used up. Validation is
left out. "Cores" is what the loader would need for the model never to wait.
"""

import argparse
import sys
from dataclasses import asdict

from mmvideomae.analysis.training_forecast import Forecast, forecast
from mmvideomae.cli.options import add_cfg_options, add_option
from mmvideomae.cli.tool import Told, UsageError, run_tool, tool_parser
from mmvideomae.engine import prepare_cpu_processes
from mmvideomae.engine.run_config import load_run_config


def options() -> argparse.ArgumentParser:
    parser = tool_parser(__doc__)
    parser.add_argument('config', help='config file of a training')
    add_option(parser, '--seconds', 90.0, 'for how long to train')
    add_cfg_options(parser, 'override entries of the config, such as the folder of the videos')
    return parser


def as_text(found: Forecast) -> str:
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
    return Told({**asdict(found), **derived}, as_text(found))


if __name__ == '__main__':
    sys.exit(run_tool(options(), make))
