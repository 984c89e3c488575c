"""Measure the savings of decoding a video once for all of its test views.

    python tools/analysis_tools/benchmark_views.py [VIDEO] [--model tiny]

Three ways to the same views (clips x crops) take turns:
    together    the configs' test pipeline: the file is opened once, every frame is decoded
              and resized once, and all crops are cut from it
  separately  one item per view with the same reader, which reads the frames of its clip
  released    one item per view with the same reader, which as in the papers' released code
              reads the frames of all clips and keeps those of its own
With --model they also classify, the views together in chunks or one at a time, and the
memory of the chunks is measured. "Per core" is the processor time of all threads, "wall"
the clock. Times are medians, ratios are medians of the ratios within rounds.
"""

import argparse
import os
import sys
from collections.abc import Callable
from statistics import median
from typing import Any

os.environ.setdefault('OMP_NUM_THREADS', '1')

from mmvideomae.analysis.choices import ARCHITECTURES
from mmvideomae.cli.options import add_option
from mmvideomae.cli.tool import Told, UsageError, run_tool, tool_parser
from mmvideomae.video.readers import BACKENDS, open_reader


def options() -> argparse.ArgumentParser:
    parser = tool_parser(__doc__)
    parser.add_argument('video', nargs='?', help='a video file (default: one is synthesized)')
    add_option(parser, '--clips', 5, 'clips per video')
    add_option(parser, '--crops', 3, 'crops per clip')
    add_option(parser, '--clip-len', 16, 'frames per clip')
    add_option(parser, '--stride', 4, 'distance between the frames of a clip')
    add_option(parser, '--size', 224, 'side of the crops in pixels')
    add_option(parser, '--backend', 'auto', 'reader', choices=BACKENDS)
    parser.add_argument(
        '--model',
        choices=ARCHITECTURES,
        help='also classify, on the CPU: tiny has two blocks of width 32, small is ViT-S/16',
    )
    add_option(parser, '--chunk', 1, 'views per forward pass; more do not help on a CPU')
    add_option(parser, '--rounds', 5, 'rounds for each way')
    return parser


if __name__ == '__main__':  # --help and mistakes end here, before the slow imports
    sys.exit(run_tool(options(), 'benchmark_views'))

import cv2
import torch
from torch import Tensor

from mmvideomae.analysis.measurement import wall_and_cpu
from mmvideomae.analysis.view_contenders import Views, build_model, memory, ways
from mmvideomae.synthetic.videos import a_video


def check(args: argparse.Namespace) -> None:
    numbers = (args.clips, args.crops, args.clip_len, args.stride, args.chunk, args.rounds)
    if min(*numbers, args.size) < 1:
        raise UsageError(
            'clips, crops, clip length, stride, size, chunk and rounds must be positive'
        )
    if args.clips < 2:  # a single clip is the middle of the video, which no rule cuts from a list
        raise UsageError('--clips must be 2 or more')
    if args.model and (args.size % 16 or args.clip_len % 2):
        raise UsageError('the models need an even --clip-len and a --size divisible by 16')


def compare(runs: dict[str, Callable[[], Tensor]], rounds: int) -> dict[str, Any]:
    """Run all in turns, in an order that changes every round; the first round warms up."""
    seconds: dict[str, list[tuple[float, float]]] = {name: [] for name in runs}
    for number in range(rounds + 1):
        for name in list(runs)[:: -1 if number % 2 else 1]:
            _, *spent = wall_and_cpu(runs[name])
            if number:
                seconds[name].append((spent[0], spent[1]))
    return {name: summary(seconds['together'], times) for name, times in seconds.items()}


def summary(
    fastest: list[tuple[float, float]], times: list[tuple[float, float]]
) -> dict[str, float]:
    """Medians of wall and processor time, and of the ratios to the reference's within rounds."""
    pairs = list(zip(times, fastest, strict=True))
    return {
        'wall_ms': 1000 * median(wall for wall, _ in times),
        'cpu_ms': 1000 * median(cpu for _, cpu in times),
        'times_as_long_wall': median(one[0] / other[0] for one, other in pairs),
        'times_as_long_per_core': median(one[1] / other[1] for one, other in pairs),
    }


def as_text(report: dict[str, Any]) -> str:
    """The report in lines."""
    lines = [
        '{video}: {frames} frames of {width}x{height}; {clips} clips of {clip_len} frames at '
        'stride {stride} x {crops} crops of {size}, reader {backend}'.format(**report),
        *table('reading', report['reading']),
    ]
    if 'classifying' in report:
        title = 'reading and classifying by the {model} model, {chunk} views at a time'
        lines += table(title.format(**report), report['classifying'])
        lines.append('peak memory of the forward pass in MiB (of twice as many views)')
        lines += [
            '  chunk {chunk:<4}{peak_mib:8.1f} ({peak_mib_of_twice_the_views:.1f})'.format(**row)
            for row in report['memory']
        ]
    return '\n'.join(lines)


def table(title: str, results: dict[str, dict[str, float]]) -> list[str]:
    """One line for each way."""
    return [
        title,
        *(
            f'  {name:11}'
            '{cpu_ms:7.0f} ms per core ({times_as_long_per_core:5.2f} times together)'
            '{wall_ms:8.0f} ms wall ({times_as_long_wall:5.2f} times)'.format(**result)
            for name, result in results.items()
        ),
    ]


def measure(video: str, args: argparse.Namespace) -> dict[str, Any]:
    """The whole report on one video."""
    with open_reader(video, args.backend) as reader:
        frames = len(reader)
        height, width = reader.read([0]).shape[1:3]
    keys = ('clips', 'crops', 'clip_len', 'stride', 'size', 'backend', 'rounds')
    report = {'video': video, 'frames': frames, 'height': height, 'width': width}
    report |= {key: getattr(args, key) for key in keys}
    views = Views(video, args)
    print(f'reading {views.count} views, {args.rounds} rounds ...', flush=True)
    report['reading'] = compare(ways(views, None), args.rounds)
    if args.model:
        model = build_model(args.model, args)
        report.update(model=args.model, chunk=args.chunk)
        print(f'reading and classifying, {args.rounds} rounds ...', flush=True)
        report['classifying'] = compare(ways(views, model), args.rounds)
        print('memory ...', flush=True)
        chunks = sorted({min(chunk, views.count) for chunk in (1, 5, args.chunk, views.count)})
        report['memory'] = memory(views, model, chunks)
    return report


def make(args: argparse.Namespace) -> Told:
    check(args)
    cv2.setNumThreads(0)
    torch.set_num_threads(1)
    torch.manual_seed(0)
    with a_video(args.video) as video:
        report = measure(video, args)
    return Told(report, as_text(report))
