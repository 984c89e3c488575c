"""Measure training and testing of action detectors: clips per second and memory.

    python tools/analysis_tools/benchmark_detection.py [CONFIG ...] [--batch-size 8] [--persons 3]

Clips are random pixels of the size that the config's pipelines make, with --persons boxes in each.
A training step is a complete one of the config: forward in its precision, backward, update. A test
forwards clips of --test-size. Configs take turns, round by round, and medians are reported; memory
is the peak of PyTorch's allocations in a training step, weights and optimizer included, and is
measured on a GPU only. The default CONFIG is the demo's detector.
"""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

from mmvideomae.cli.options import add_cfg_options, add_option
from mmvideomae.cli.tool import Told, UsageError, run_tool, tool_parser

ROOT = Path(__file__).resolve().parents[2]
DEMO = ROOT / 'configs' / 'demo' / 'detector_vit-tiny-p8_own-boxes.py'
WARM_UPS = 2


def options() -> argparse.ArgumentParser:
    parser = tool_parser(__doc__)
    parser.add_argument('configs', nargs='*', default=[DEMO], metavar='CONFIG', help='detectors')
    add_option(parser, '--batch-size', 8, 'clips per step')
    add_option(parser, '--persons', 3, 'boxes per clip')
    parser.add_argument(
        '--test-size',
        type=int,
        nargs=2,
        metavar=('H', 'W'),
        help='frame size of the test (default: that of the training)',
    )
    add_option(parser, '--rounds', 5, 'steps for each config')
    parser.add_argument('--device', help='cpu, cuda, cuda:1, ... (default: a GPU if there is one)')
    add_cfg_options(parser)
    return parser


if __name__ == '__main__':  # --help and mistakes end here, before the slow imports
    sys.exit(run_tool(options(), 'benchmark_detection'))

import torch
from mmengine.optim import build_optim_wrapper
from mmengine.registry import DefaultScope

from mmvideomae.analysis.box_batch import box_batch
from mmvideomae.analysis.measurement import timed
from mmvideomae.analysis.training_pipeline import pipeline_shape
from mmvideomae.configs import apply_options, read_config
from mmvideomae.registry import MODELS


class Contender:
    """A detector that is trained and tested on random clips."""

    def __init__(self, path: str | Path, args: argparse.Namespace, device: torch.device) -> None:
        cfg = read_config(path)
        apply_options(cfg, args.cfg_options)
        self.name, self.device = Path(path).stem, device
        self.precision = cfg.optim_wrapper.get('dtype', 'float16')
        self.mixed = cfg.optim_wrapper.type == 'AmpOptimWrapper' and device.type == 'cuda'
        with DefaultScope.overwrite_default_scope('mmvideomae'):
            self.model = MODELS.build(cfg.model).to(device)
            self.optimizer = build_optim_wrapper(self.model, cfg.optim_wrapper)
        self.frames, *size = pipeline_shape(cfg)
        self.sizes = {'train': tuple(size), 'test': tuple(args.test_size or size)}
        classes = cfg.model.roi_head.bbox_head.num_classes
        self.batches = {
            name: box_batch((args.persons,) * args.batch_size, size, classes, frames=self.frames)
            for name, size in self.sizes.items()
        }
        self.seconds: dict[str, list[float]] = {'train': [], 'test': []}
        self.peak = 0

    def train(self) -> None:
        """One step."""
        self.model.train().train_step(self.batches['train'], self.optimizer)

    @torch.no_grad()
    def test(self) -> None:
        """One batch, in the training's precision if that is mixed."""
        dtype = getattr(torch, self.precision)
        with torch.autocast(self.device.type, dtype, enabled=self.mixed):
            self.model.eval().test_step(self.batches['test'])

    def take_turn(self) -> None:
        """Time a training step and a test batch."""
        on_gpu = self.device.type == 'cuda'
        if on_gpu:
            torch.cuda.reset_peak_memory_stats(self.device)
            others = torch.cuda.memory_allocated(self.device) - self._held()
        self.seconds['train'].append(timed(self.train, self.device)[1])
        if on_gpu:
            self.peak = max(self.peak, torch.cuda.max_memory_allocated(self.device) - others)
        self.seconds['test'].append(timed(self.test, self.device)[1])

    def _held(self) -> int:
        """Bytes of weights, gradients and the optimizer's state."""
        tensors = [*self.model.parameters(), *self.model.buffers()]
        tensors += [each.grad for each in self.model.parameters() if each.grad is not None]
        state = self.optimizer.optimizer.state.values()
        tensors += [each for part in state for each in part.values() if torch.is_tensor(each)]
        return sum(each.nbytes for each in tensors if each.is_cuda)

    def report(self, batch_size: int) -> dict[str, Any]:
        """The measurements, without the warm-up."""
        speed = {
            f'{name}_clips_per_s': round(batch_size / median(values[WARM_UPS:]), 2)
            for name, values in self.seconds.items()
        }
        peak = round(self.peak / 2**30, 2) if self.peak else None
        return {'config': self.name, 'frames': self.frames, **self.sizes, **speed, 'peak_gib': peak}


def make(args: argparse.Namespace) -> Told:
    if min(args.batch_size, args.persons, args.rounds, *(args.test_size or ())) < 1:
        raise UsageError('all numbers must be positive')
    device = torch.device(args.device or ('cuda' if torch.cuda.is_available() else 'cpu'))
    torch.manual_seed(0)
    contenders = [Contender(path, args, device) for path in args.configs]
    for _ in range(WARM_UPS + args.rounds):
        for contender in contenders:
            contender.take_turn()
    on_gpu = device.type == 'cuda'
    report = {
        'device': torch.cuda.get_device_name(device) if on_gpu else 'cpu',
        'torch': torch.__version__,
        'threads': torch.get_num_threads(),
        'batch_size': args.batch_size,
        'persons': args.persons,
        'rounds': args.rounds,
        'rows': [contender.report(args.batch_size) for contender in contenders],
    }
    return Told(report, as_text(report))


def as_text(report: dict[str, Any]) -> Iterator[str]:
    yield ', '.join(f'{name} {value}' for name, value in report.items() if name != 'rows')
    for row in report['rows']:
        frames, train, test = (row[name] for name in ('frames', 'train', 'test'))
        peak = '-' if row['peak_gib'] is None else f'{row["peak_gib"]} GiB'
        yield row['config']
        yield (
            f'  training, {frames}x{train[0]}x{train[1]}: {row["train_clips_per_s"]} clips/s, '
            f'at most {peak}'
        )
        yield f'  test, {frames}x{test[0]}x{test[1]}: {row["test_clips_per_s"]} clips/s'
