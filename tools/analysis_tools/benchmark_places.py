"""Measure how fast a loader makes clips from local files, tar files and an object store.

    python tools/analysis_tools/benchmark_places.py [VIDEO]

Copies of a video are stored in a folder and in tar files of make_shards.py, and both also on an S3
server on this machine, where each request waits for --latency seconds. The first epoch finds an
empty cache, and later epochs use what it stored. All places take turns in every round; figures are
medians over the rounds, and shares are relative to local files in the same round and epoch. The
server also takes processor time. This needs pip install 'mmvideomae[tests]'.
"""

import argparse
import os
import shutil
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import Any

os.environ.setdefault('OMP_NUM_THREADS', '1')

from mmvideomae.cli.options import add_option
from mmvideomae.cli.tool import Told, UsageError, run_tool, tool_parser

_SHARD_BYTES = 20_000_000


def options() -> argparse.ArgumentParser:
    parser = tool_parser(__doc__)
    parser.add_argument('video', nargs='?', help='a video file (default: one is synthesized)')
    add_option(parser, '--videos', 64, 'copies of it, which make up an epoch')
    add_option(parser, '--latency', 0.05, 'seconds for which every request waits')
    add_option(parser, '--workers', 2, 'processes of the loader')
    add_option(parser, '--batch-size', 8, 'clips per batch')
    add_option(parser, '--clip-len', 16, 'frames per clip')
    add_option(parser, '--stride', 4, 'distance between the frames of a clip')
    add_option(parser, '--size', 224, 'side of the crops in pixels')
    add_option(parser, '--epochs', 2, 'epochs per place and round')
    add_option(parser, '--rounds', 3, 'rounds, each of which measures all places')
    return parser


if __name__ == '__main__':  # --help and mistakes end here, before the slow imports
    sys.exit(run_tool(options(), 'benchmark_places'))

from mmvideomae.analysis.place_contenders import (
    LoaderSettings,
    contending_places,
    epochs_of,
    slow_store,
)
from mmvideomae.preparation.videos.shards import members_for, plan_shards, write_shards
from mmvideomae.synthetic.videos import a_video


def lay_out(video: str, copies: int, folder: Path) -> None:
    """Put copies of a video into ``videos/`` and, as tar files, into ``shards/``."""
    videos = folder / 'videos'
    videos.mkdir()
    for number in range(copies):
        shutil.copy(video, videos / f'{number:04}{Path(video).suffix}')
    for _ in write_shards(plan_shards(members_for(videos), _SHARD_BYTES), folder / 'shards'):
        pass


def measure(video: str, args: argparse.Namespace, work: Path) -> dict[str, Any]:
    """The whole report."""
    settings = LoaderSettings(args.workers, args.batch_size, args.clip_len, args.stride, args.size)
    data = work / 'data'
    data.mkdir()
    lay_out(video, args.videos, data)
    rates: dict[str, list[list[float]]] = {name: [] for name in contending_places(data)}
    with slow_store(data, args.latency):
        for number in range(args.rounds):
            print(f'round {number + 1} of {args.rounds} ...', flush=True)
            for name, source in contending_places(data).items():
                cache = work / 'cache'
                rates[name].append(epochs_of(source, Path(video), settings, cache, args.epochs))
    places = {
        name: {
            'clips_per_second': [median(each) for each in zip(*rounds, strict=True)],
            'share_of_files': [
                median(rate / local for rate, local in zip(rates_, locals_, strict=True))
                for rates_, locals_ in zip(
                    zip(*rounds, strict=True), zip(*rates['files'], strict=True), strict=True
                )
            ],
        }
        for name, rounds in rates.items()
    }
    chosen = {key: value for key, value in vars(args).items() if key not in ('video', 'json')}
    return {'video': video, 'bytes': os.path.getsize(video), **chosen, 'places': places}


def as_text(report: dict[str, Any]) -> str:
    """The report as text, with a line for each place."""
    lines = [
        '{videos} copies of {video} ({bytes:,} bytes), {workers} workers, batches of {batch_size}, '
        'a latency of {latency:g} s; clips/s and share of local files by epoch'.format(**report)
    ]
    for name, place in report['places'].items():
        cells = zip(place['clips_per_second'], place['share_of_files'], strict=True)
        lines.append(f'  {name:14}' + ''.join(f'{rate:9.1f} {share:6.0%}' for rate, share in cells))
    return '\n'.join(lines)


def make(args: argparse.Namespace) -> Told:
    counts = (args.videos, args.batch_size, args.clip_len, args.stride, args.size)
    if min(*counts, args.epochs, args.rounds) < 1 or min(args.latency, args.workers) < 0:
        raise UsageError('counts and sizes must be positive, latency and workers not negative')
    with a_video(args.video) as video, tempfile.TemporaryDirectory() as work:
        report = measure(os.path.abspath(video), args, Path(work))
    return Told(report, as_text(report))
