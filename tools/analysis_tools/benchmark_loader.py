"""Measure how fast a core makes pre-training samples, from what, and where the time goes.

    python tools/analysis_tools/benchmark_loader.py [VIDEO] [--gpu-clips 1226]

The same clips are read from the file itself, from copies that tools/data/transcode.py makes for
training, from a folder of JPEG frames and from a tar file. Beside them, in turns, runs the path of
the papers' released code on the file: decord, PIL crops and resizes, normalisation to float32 in
the worker. Clips are crops handed to the model: --repeats 4 makes four of each decoded video. "Per
core" counts the processor time of all threads and of the process that reads for a loader worker;
"wall" is the clock. Times are medians, ratios the medians of both paths' ratio on the same clip.
Files are known, as from the second epoch on; "first visit" is what opening a file costs before.
"""

import argparse
import math
import os
import sys
import tarfile
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

os.environ.setdefault('OMP_NUM_THREADS', '1')

from mmvideomae.cli.options import add_option
from mmvideomae.cli.tool import Told, UsageError, run_tool, tool_parser
from mmvideomae.video.readers import BACKENDS, open_reader

SOURCES = ('file', 'training', 'training-fast', 'frames', 'shard')
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
    add(
        '--sources',
        nargs='+',
        default=list(SOURCES),
        choices=SOURCES,
        help='what to read clips from: the file, copies by these presets, JPEG frames, a tar file '
        '(default: all)',
    )
    add('--gpu-clips', type=float, help='clips/s of a GPU: also tell how many cores feed it')
    add('--seconds', type=float, default=10, help='time for each number of repeats (default: 10)')
    add('--seed', type=int, default=0, help='seed of clips, crops and masks')
    return parser


if __name__ == '__main__':  # --help and mistakes end here, before the slow imports
    sys.exit(run_tool(options(), 'benchmark_loader'))

import cv2
import numpy as np
import torch

from mmvideomae.analysis.loader_contenders import FRAME_NAME, Ours, Reference, StageClock
from mmvideomae.analysis.measurement import wall_and_cpu
from mmvideomae.preparation.videos.encoding import PRESETS, encode
from mmvideomae.synthetic.videos import a_video


def prepare(video: str, folder: Path, sources: list[str]) -> dict[str, str]:
    """Make what clips are read from: its place by name."""
    places = {}
    for name in sources:
        place = folder / f'{name}.mp4'
        if name == 'file':
            place = Path(video)
        elif name == 'frames':
            place = write_frames(video, folder / name)
        elif name == 'shard':
            places[name] = write_shard(video, folder / 'shard.tar')
            continue
        else:
            encode(video, place, PRESETS[name])
        places[name] = str(place)
    return places


def write_frames(video: str, folder: Path) -> Path:
    """All frames as JPEG, short side 256, as `mmaction2` extracts them."""
    folder.mkdir()
    with open_reader(video) as reader:
        for number in range(len(reader)):
            picture = reader.read([number])[0]
            scale = min(1.0, 256 / min(picture.shape[:2]))
            picture = cv2.resize(picture, None, fx=scale, fy=scale)
            cv2.imwrite(str(folder / FRAME_NAME.format(number)), picture[..., ::-1])
    return folder


def write_shard(video: str, path: Path) -> str:
    """A tar file with the video in it; where that is."""
    with tarfile.open(path, 'w') as tar:
        tar.add(video, 'a.mp4')
    with tarfile.open(path) as tar:
        member = tar.getmember('a.mp4')
    return f'{path}#{member.offset_data}+{member.size}/a.mp4'


def compare(
    video: str, places: dict[str, str], args: argparse.Namespace, repeats: int, starts: int
) -> dict[str, Any]:
    """Let all run in turns, in an order that changes every round, until the time is over.

    Args:
        places: What our path reads, by name; the reference reads the video.
        starts: Frames at which a clip can begin.
    """
    paths: dict[str, Any] = {name: Ours(place, args, repeats) for name, place in places.items()}
    paths['reference'] = Reference(video, args, repeats)
    rng = np.random.default_rng(args.seed)
    rounds, end = 0, 0.0
    # The first two rounds load libraries and warm caches: they do not count.
    while rounds < 7 or time.perf_counter() < end:
        if rounds == 2:
            end = time.perf_counter() + args.seconds
            for path in paths.values():
                path.clock.rows.clear()
        first_frame = int(rng.integers(starts))
        for path in list(paths.values())[:: -1 if rounds % 2 else 1]:
            path.sample(rounds, first_frame)
        rounds += 1
    reference = paths.pop('reference').clock
    sources = {}
    for name, path in paths.items():
        sources[name] = summary(path.clock, repeats) | {
            'speedup_wall': paired_ratio(reference, path.clock, 0),
            'speedup_per_core': paired_ratio(reference, path.clock, 1),
        }
    results = {'sources': sources, 'reference': summary(reference, repeats)}
    if args.gpu_clips:
        for part in (*sources.values(), results['reference']):
            part['cores'] = math.ceil(args.gpu_clips / part['clips_per_second_per_core'])
    return {'repeats': repeats, 'samples': rounds - 2, **results}


def first_visit(video: str, backend: str) -> float:
    """Milliseconds of processor time for opening a file that was never opened."""
    times = []
    with tempfile.TemporaryDirectory() as folder:
        for number in range(5):
            path = os.path.join(folder, f'{number}{os.path.splitext(video)[1]}')
            os.symlink(os.path.abspath(video), path)
            times.append(wall_and_cpu(lambda path=path: open_reader(path, backend).close())[2])
    return 1000 * median(times)


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
        'reader {backend}; first visit {first_visit_ms:.1f} ms'.format(**report)
    ]
    for result in report['results']:
        lines += [
            '',
            f'R = {result["repeats"]}, {result["samples"]} samples each; milliseconds of '
            'processor time per sample',
            f'  {"":14}'
            + ''.join(f'{stage:>8}' for stage in (*STAGES, 'total'))
            + '   clips/s per core  wall  times per core  wall  cores',
        ]
        for name, part in {**result['sources'], 'reference': result['reference']}.items():
            times = [part['stages'][stage]['cpu_ms'] for stage in STAGES] + [part['cpu_ms']]
            ratios = [part.get(f'speedup_{kind}', 1) for kind in ('per_core', 'wall')]
            lines.append(
                f'  {name:14}'
                + ''.join(f'{value:8.2f}' for value in times)
                + f'{part["clips_per_second_per_core"]:19.1f}{part["clips_per_second_wall"]:6.1f}'
                + f'{ratios[0]:16.2f}{ratios[1]:6.2f}{part.get("cores", ""):>7}'
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
    with tempfile.TemporaryDirectory() as folder:
        prepared = prepare(video, Path(folder), args.sources)
        for repeats in args.repeats:
            print(f'R = {repeats}: {args.seconds:g} seconds ...', flush=True)
            results.append(compare(video, prepared, args, repeats, places))
    settings = {'clip_len': args.clip_len, 'stride': args.stride, 'backend': args.backend}
    shape = {'frames': frames, 'height': height, 'width': width}
    return {
        'video': video,
        **shape,
        **settings,
        'size': args.size,
        'first_visit_ms': first_visit(video, args.backend),
        'results': results,
    }


def make(args: argparse.Namespace) -> Told:
    if min(args.clip_len, args.stride, args.size, *args.repeats) < 1 or args.seconds <= 0:
        raise UsageError('clip length, stride, size, repeats and seconds must be positive')
    cv2.setNumThreads(0)
    torch.set_num_threads(1)
    with a_video(args.video) as video:
        report = measure(video, args)
    return Told(report, as_text(report))
