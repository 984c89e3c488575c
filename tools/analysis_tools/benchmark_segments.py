"""Measure what temporal detection costs besides the network: suppression, evaluation, attention.

    python tools/analysis_tools/benchmark_segments.py [--count 200000] [--length 9216]

It times soft NMS of random candidates and average precision of random predictions with the settings
of ActionFormer's configs; "CPU" is the processor time of all threads.  It also compares the memory
of local attention (window 19, heads as in the THUMOS14 configs) with that of dense attention with a
band mask, computed by PyTorch's fused kernel, which turns the mask into numbers and keeps them, or
by scores, softmax and product: the memory kept for the backward pass, and the peak of a forward and
backward pass, both without inputs and mask.
"""

import argparse
import os
import sys
from collections.abc import Callable, Iterator
from typing import Any

os.environ.setdefault('OMP_NUM_THREADS', '2')

from mmvideomae.cli.options import add_option
from mmvideomae.cli.tool import Told, UsageError, run_tool, tool_parser

THRESHOLDS = (0.3, 0.4, 0.5, 0.6, 0.7)
WINDOW, HEADS, WIDTH = 19, 4, 128
VIDEOS = 200


def options() -> argparse.ArgumentParser:
    parser = tool_parser(__doc__)
    add_option(parser, '--count', 200_000, 'number of candidates and of predictions')
    parser.add_argument('--classes', type=int, default=20, help='classes (default: %(default)s)')
    add_option(parser, '--length', 9216, 'steps of the sequence for attention')
    add_option(parser, '--rounds', 3, 'rounds, whose medians are reported')
    add_option(parser, '--threads', 2, "PyTorch's threads")
    return parser


if __name__ == '__main__':  # --help and mistakes end here, before the slow imports
    sys.exit(run_tool(options(), 'benchmark_segments'))

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mmvideomae.analysis.measurement import saved_for_backward, wall_and_cpu, watch_allocation
from mmvideomae.evaluation.segment_ap import segment_average_precision
from mmvideomae.evaluation.segment_matching import SegmentTable
from mmvideomae.ops.local_attention import attend_locally
from mmvideomae.ops.segments import nms_1d, soft_nms_1d


def candidates(args: argparse.Namespace) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Segments (n, 2), scores (n,) and labels (n,) of one long video."""
    rng = np.random.default_rng(0)
    starts, lengths = rng.uniform(0, 3000, args.count), rng.lognormal(2, 1, args.count)
    segments = np.stack([starts, starts + lengths], 1).astype(np.float32)
    scores = rng.uniform(0.001, 1, args.count).astype(np.float32)
    return segments, scores, rng.integers(0, args.classes, args.count)


def table(count: int, classes: int, seed: int) -> SegmentTable:
    """Segments of many videos of 200 seconds."""
    rng = np.random.default_rng(seed)
    starts = rng.uniform(0, 200, count)
    return SegmentTable(
        np.sort(rng.integers(0, VIDEOS, count)),
        np.stack([starts, starts + rng.uniform(2, 20, count)], 1),
        rng.integers(0, classes, count),
        rng.uniform(size=count),
    )


def times(args: argparse.Namespace) -> list[dict[str, Any]]:
    """Wall-clock and processor time of suppression and evaluation."""
    segments, scores, labels = candidates(args)
    predictions = table(args.count, args.classes, 1)
    truths = table(max(args.count * 6 // 100, 1), args.classes, 2)
    runs: dict[str, Callable[[], Any]] = {
        'soft NMS, gaussian': lambda: soft_nms_1d(segments, scores, labels),
        'soft NMS, linear': lambda: soft_nms_1d(segments, scores, labels, 'linear'),
        'hard NMS': lambda: nms_1d(segments, scores, labels, max_per_class=200),
        'mAP of 5 thresholds': lambda: segment_average_precision(
            predictions, truths, THRESHOLDS, args.classes
        ),
    }
    return [{'what': name, **timed(run, args.rounds)} for name, run in runs.items()]


def timed(run: Callable[[], Any], rounds: int) -> dict[str, float]:
    """Medians over rounds, in seconds."""
    wall, cpu = np.median([wall_and_cpu(run)[1:] for _ in range(rounds)], axis=0)
    return {'wall_s': float(wall), 'cpu_s': float(cpu)}


def attention(args: argparse.Namespace) -> list[dict[str, Any]]:
    """Memory of local attention and of dense attention."""
    steps = torch.arange(args.length)
    band = (steps[:, None] - steps).abs() <= WINDOW // 2
    valid = torch.ones(1, args.length, dtype=torch.bool)

    def by_scores(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        scores = (q @ k.transpose(-2, -1)) / q.shape[-1] ** 0.5
        return scores.masked_fill(~band, -1e4).softmax(-1) @ v

    ways: dict[str, Callable[[Tensor, Tensor, Tensor], Tensor]] = {
        'local': lambda q, k, v: attend_locally(q, k, v, valid, WINDOW),
        'dense, fused': lambda q, k, v: F.scaled_dot_product_attention(q, k, v, attn_mask=band),
        'dense, scores': by_scores,
    }
    return [{'what': name, **memory_of(way, args.length)} for name, way in ways.items()]


def memory_of(way: Callable[[Tensor, Tensor, Tensor], Tensor], length: int) -> dict[str, float]:
    """MiB of one forward and backward pass."""
    generator = torch.Generator().manual_seed(0)
    shape = (1, HEADS, length, WIDTH)
    parts = [torch.randn(shape, generator=generator).requires_grad_() for _ in range(3)]
    inputs = nn.ParameterList(parts)  # are not counted as kept
    _, kept = saved_for_backward(lambda: way(*inputs), inputs)
    _, held = watch_allocation(lambda: way(*parts).sum().backward(), torch.device('cpu'))
    return {'kept_mib': kept / 2**20, 'peak_mib': held.peak / 2**20}


def lines(report: dict[str, Any]) -> Iterator[str]:
    """The report as text."""
    yield '{count} segments in {classes} classes'.format(**report)
    for row in report['times']:
        yield '  {what:22}{wall_s:8.2f} s wall {cpu_s:8.2f} s CPU'.format(**row)
    yield (f'attention over {report["length"]} steps, window {WINDOW}, {HEADS} heads of {WIDTH}')
    for row in report['attention']:
        yield (
            '  {what:22}{kept_mib:8.0f} MiB for the backward pass {peak_mib:8.0f} MiB at most'
        ).format(**row)


def make(args: argparse.Namespace) -> Told:
    if min(args.count, args.classes, args.length, args.rounds, args.threads) < 1:
        raise UsageError('all numbers must be positive')
    torch.set_num_threads(args.threads)
    report = {
        **{key: value for key, value in vars(args).items() if key != 'json'},
        'times': times(args),
        'attention': attention(args),
    }
    return Told(report, lines(report))
