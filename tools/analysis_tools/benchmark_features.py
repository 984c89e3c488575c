"""Measure the savings of decoding a long video once for all of its overlapping windows.

    python tools/analysis_tools/benchmark_features.py [VIDEO] [--stride 4] [--model tiny]

There are two ways to the same features, each in a process of its own:
  extractor   FeatureExtractor: every frame decoded and resized once, windows in batches
  one by one  every window's frames read from the file by a reader, resized and forwarded alone,
              as the papers' released code does
The extractor also processes the first half of a synthesized video, to show that its memory does not
grow with the length. "CPU" is the processor time of all threads, which is more reliable than the
clock on a busy machine; memory is the peak above the process's memory before it starts the work.
"""

import argparse
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

os.environ.setdefault('OMP_NUM_THREADS', '1')

from mmvideomae.analysis.choices import ARCHITECTURES
from mmvideomae.apis.features.settings import RESIZES
from mmvideomae.cli.options import add_option
from mmvideomae.cli.tool import Told, UsageError, run_tool, tool_parser
from mmvideomae.video.readers import BACKENDS


@dataclass(frozen=True)
class Way:
    """The work of one process, and where it stores the features."""

    name: str
    video: str
    features: str
    args: argparse.Namespace


def options() -> argparse.ArgumentParser:
    parser = tool_parser(__doc__)
    parser.add_argument('video', nargs='?', help='a video file (default: one is synthesized)')
    add_option(parser, '--seconds', 300, 'length of the synthesized video')
    add_option(parser, '--gop', 250, "frames between its key frames; 250 is x264's default")
    add_option(parser, '--window', 16, 'frames per window')
    add_option(parser, '--stride', 4, 'frames between windows')
    add_option(parser, '--size', 64, 'side of the input in pixels')
    add_option(parser, '--resize', 'squash', 'how frames are resized', choices=RESIZES)
    add_option(
        parser,
        '--model',
        'tiny',
        'tiny has two blocks of width 32, small is ViT-S/16',
        choices=ARCHITECTURES,
    )
    add_option(parser, '--batch-size', 16, "the extractor's windows per batch")
    add_option(parser, '--backend', 'auto', 'reader for the windows one by one', choices=BACKENDS)
    add_option(parser, '--threads', 1, "PyTorch's threads")
    return parser


if __name__ == '__main__':  # --help and mistakes end here, before the slow imports
    sys.exit(run_tool(options(), 'benchmark_features'))

import numpy as np
import torch
from mmengine import Config

from mmvideomae.analysis.feature_contenders import one_window_at_a_time
from mmvideomae.analysis.own_process import in_own_process
from mmvideomae.apis import FeatureExtractor, FeatureSettings, init_model
from mmvideomae.synthetic.videos import write_long_video
from mmvideomae.video.streams import FileStream


def check(args: argparse.Namespace) -> None:
    numbers = (args.seconds, args.gop, args.window, args.stride, args.size, args.batch_size)
    if min(*numbers, args.threads) < 1:
        raise UsageError('all numbers must be positive')
    if args.size % 16 or args.window % 2:
        raise UsageError('the models need an even --window and a --size divisible by 16')


def work(way: Way) -> Callable[[], None]:
    """Extraction in one way, in a process of its own."""
    args = way.args
    torch.set_num_threads(args.threads)
    torch.manual_seed(0)
    backbone = {
        'type': 'VideoMAEViT',
        'arch': ARCHITECTURES[args.model],
        'img_size': args.size,
        'num_frames': args.window,
        'out_type': 'avg',
    }
    model = init_model(
        Config({'model': {'type': 'Recognizer3D', 'backbone': backbone}}), None, 'cpu'
    )
    settings = FeatureSettings(
        window=args.window, stride=args.stride, size=args.size, resize=args.resize
    )
    extractor = FeatureExtractor(model, settings=settings, batch_size=args.batch_size)

    def one_by_one() -> None:
        rows = one_window_at_a_time(model.backbone, way.video, settings, args.backend)
        np.save(way.features, rows)

    def extract() -> None:
        extractor.save(way.video, way.features)

    return one_by_one if way.name == 'one by one' else extract


def alone(way: Way) -> dict[str, Any]:
    """Run one way in a fresh process.

    Raises:
        ValueError: The video cannot be read, or the process died.
    """
    print(f'{way.name}: {Path(way.video).name} ...', flush=True)
    result = in_own_process(work, way)
    del result['value']
    windows = len(np.load(way.features, mmap_mode='r'))
    return {'way': way.name, 'windows': windows, **result}


def measure(args: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """The whole report."""
    video, half = args.video, None
    if video is None:
        print(f'writing {args.seconds} seconds of video ...', flush=True)
        video = write_long_video(folder / 'whole.mp4', args.seconds, args.gop)
        half = write_long_video(folder / 'half.mp4', max(args.seconds // 2, 1), args.gop)
    FileStream(video).close()  # an unreadable video fails here
    files = [str(folder / f'{number}.npy') for number in range(3)]
    fast = alone(Way('extractor', video, files[0], args))
    slow = alone(Way('one by one', video, files[1], args))
    first, second = (np.load(file) for file in files[:2])
    report = {
        **{key: value for key, value in vars(args).items() if key != 'json'},
        'ways': [fast, slow],
        'times_as_fast_wall': slow['wall_s'] / fast['wall_s'],
        'times_as_fast_cpu': slow['cpu_s'] / fast['cpu_s'],
        'largest_difference': float(np.abs(first - second).max()),
        'largest_value': float(np.abs(second).max()),
    }
    if half is not None:
        report['half'] = alone(Way('extractor', half, files[2], args))
    return report


def lines(report: dict[str, Any]) -> Iterator[str]:
    """The report as text."""
    yield (
        '{window} frames at stride {stride}, {resize} to {size}, {model} model, '
        'batches of {batch_size}'.format(**report)
    )
    rows = [*report['ways']]
    if 'half' in report:
        rows.append({**report['half'], 'way': 'extractor, half the video'})
    for row in rows:
        yield (
            '  {way:27}{windows:7} windows {wall_s:8.1f} s wall {cpu_s:8.1f} s CPU '
            '{peak_mib:7.0f} MiB'.format(**row)
        )
    yield (
        'the extractor is {times_as_fast_wall:.1f} times as fast by the clock and '
        '{times_as_fast_cpu:.1f} times by CPU; features differ by at most '
        '{largest_difference:.1e} of values up to {largest_value:.1f}'.format(**report)
    )


def make(args: argparse.Namespace) -> Told:
    check(args)
    with tempfile.TemporaryDirectory() as folder:
        report = measure(args, Path(folder))
    return Told(report, lines(report))
