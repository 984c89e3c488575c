"""Measure how fast one process makes pre-training samples, and where the time goes.

    python tools/analysis_tools/benchmark_loader.py [VIDEO]

The path of the papers' released code takes turns with it on the same frames: decord, PIL
crops and resizes, and normalisation to float32 in the worker. Clips are crops that go to
the model: --repeats 4 makes four of each decoded video. "Per core" is the processor time
of all threads, which many workers on one machine share; "wall" is the clock. Times are
medians, ratios are medians of the ratios on the same clip.
"""

import argparse
import os
import sys
import time
from statistics import median
from typing import Any

os.environ.setdefault('OMP_NUM_THREADS', '1')

import cv2
import numpy as np
import torch

from mmvideomae.analysis.loader_contenders import Ours, Reference, StageClock
from mmvideomae.cli.options import add_option
from mmvideomae.cli.tool import Told, UsageError, run_tool, tool_parser
from mmvideomae.synthetic.videos import a_video
from mmvideomae.video.readers import BACKENDS, open_reader

STAGES = ('open', 'read', 'crop', 'mask', 'pack')


def options() -> argparse.ArgumentParser:
    parser = tool_parser(__doc__)
    add = parser.add_argument
    add('video', nargs='?', help='a video file (default: one is synthesized)')
    add_option(parser, '--clip-len', 16, 'frames per clip')
    add_option(parser, '--stride', 4, 'distance between the frames of a clip')
    add_option(parser, '--size', 224, 'side of the crops in pixels')
    add(
        '--repeats',
        type=int,
        nargs='+',
        default=[1, 4],
        help='crops and masks per decoded clip, each measured separately (default: 1 4)',
    )
    add_option(parser, '--backend', 'auto', 'reader', choices=BACKENDS)
    add('--seconds', type=float, default=10, help='time for each number of repeats (default: 10)')
    add('--seed', type=int, default=0, help='seed of clips, crops and masks')
    return parser


def compare(video: str, args: argparse.Namespace, repeats: int, places: int) -> dict[str, Any]:
    """Run both in turns, in an order that changes every round, until the time is over."""
    paths = {'ours': Ours(video, args, repeats), 'reference': Reference(video, args, repeats)}
    rng = np.random.default_rng(args.seed)
    rounds, end = 0, 0.0
    # The first two rounds load libraries and warm up caches, and are ignored.
    while rounds < 7 or time.perf_counter() < end:
        if rounds == 2:
            end = time.perf_counter() + args.seconds
            for path in paths.values():
                path.clock.rows.clear()
        first_frame = int(rng.integers(places))
        for path in list(paths.values())[:: -1 if rounds % 2 else 1]:
            path.sample(rounds, first_frame)
        rounds += 1
    ours, reference = (path.clock for path in paths.values())
    return {
        'repeats': repeats,
        'samples': rounds - 2,
        'ours': summary(ours, repeats),
        'reference': summary(reference, repeats),
        'speedup_wall': paired_ratio(reference, ours, 0),
        'speedup_per_core': paired_ratio(reference, ours, 1),
    }


def paired_ratio(slower: StageClock, faster: StageClock, kind: int) -> float:
    """Median over rounds of the ratio of two times: a round's frames are the same for both."""
    rows = zip(slower.rows, faster.rows, strict=True)
    return median(a['total'][kind] / b['total'][kind] for a, b in rows)


def summary(clock: StageClock, repeats: int) -> dict[str, Any]:
    """Rates of whole samples, and milliseconds and rates by stage."""
    wall, cpu = clock.medians('total')
    stages = {}
    for stage in STAGES:
        seconds = clock.medians(stage)[1]
        stages[stage] = {
            'cpu_ms': 1000 * seconds,
            'clips_per_second_per_core': repeats / max(seconds, 1e-9),
        }
    return {
        'cpu_ms': 1000 * cpu,
        'wall_ms': 1000 * wall,
        'clips_per_second_per_core': repeats / cpu,
        'clips_per_second_wall': repeats / wall,
        'stages': stages,
    }


def as_text(report: dict[str, Any]) -> str:
    """A table of stages for each number of repeats."""
    lines = [
        '{video}: {frames} frames of {width}x{height}, clips of {clip_len} at stride {stride}, '
        'reader {backend}'.format(**report)
    ]
    for result in report['results']:
        lines += [
            '',
            f'R = {result["repeats"]}, {result["samples"]} samples each; milliseconds of '
            'processor time per sample',
            f'  {"":10}'
            + ''.join(f'{stage:>9}' for stage in (*STAGES, 'total'))
            + '   clips/s per core   wall',
        ]
        for name in ('ours', 'reference'):
            part = result[name]
            times = [part['stages'][stage]['cpu_ms'] for stage in STAGES] + [part['cpu_ms']]
            lines.append(
                f'  {name:10}'
                + ''.join(f'{value:9.2f}' for value in times)
                + f'{part["clips_per_second_per_core"]:19.1f}{part["clips_per_second_wall"]:7.1f}'
            )
        lines.append(
            f'  {result["speedup_per_core"]:.2f} times the reference per core, '
            f'{result["speedup_wall"]:.2f} times by the clock'
        )
    return '\n'.join(lines)


def measure(video: str, args: argparse.Namespace) -> dict[str, Any]:
    """The whole report on one video."""
    with open_reader(video, args.backend) as reader:
        frames = len(reader)
        height, width = reader.read([0]).shape[1:3]
    places = frames - args.clip_len * args.stride + 1
    if places < 1:
        raise ValueError(
            f'{video} has {frames} frames, a clip takes {args.clip_len * args.stride}; lower '
            '--clip-len or --stride'
        )
    results = []
    for repeats in args.repeats:
        print(f'R = {repeats}: {args.seconds:g} seconds ...', flush=True)
        results.append(compare(video, args, repeats, places))
    settings = {'clip_len': args.clip_len, 'stride': args.stride, 'backend': args.backend}
    shape = {'frames': frames, 'height': height, 'width': width}
    return {'video': video, **shape, **settings, 'size': args.size, 'results': results}


def make(args: argparse.Namespace) -> Told:
    if min(args.clip_len, args.stride, args.size, *args.repeats) < 1 or args.seconds <= 0:
        raise UsageError('clip length, stride, size, repeats and seconds must be positive')
    cv2.setNumThreads(0)
    torch.set_num_threads(1)
    with a_video(args.video) as video:
        report = measure(video, args)
    return Told(report, as_text(report))


if __name__ == '__main__':
    sys.exit(run_tool(options(), make))
