"""Measure what re-encoding videos for training does to reading time, disk space and pictures.

    python tools/analysis_tools/benchmark_training_copies.py VIDEO [VIDEO ...] [--figure FILE.svg]

Each video is encoded by the presets of tools/data/transcode.py and by settings around them:
distance between key frames, entropy coding, deblocking, quality, size and codec. Clips at random
places are then read from all copies in turns. "ms" is the processor time of a clip, opening
included, "times" how much faster that is than from the source (medians; ratios are of the same
clip), "disk" the bytes per byte of the source, and "PSNR" compares with the source at the size of
the copy. All files are known already, as from the second epoch of a training on.
"""

import argparse
import math
import os
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import Any

os.environ.setdefault('OMP_NUM_THREADS', '1')

from mmvideomae.cli.options import add_option
from mmvideomae.cli.tool import Told, UsageError, run_tool, tool_parser


def options() -> argparse.ArgumentParser:
    parser = tool_parser(__doc__)
    parser.add_argument('videos', nargs='+', metavar='VIDEO', help='video files')
    add_option(parser, '--clip-len', 16, 'frames per clip')
    add_option(parser, '--stride', 4, 'distance between the frames of a clip')
    add_option(parser, '--rounds', 20, 'clips that are read from every copy of a video')
    add_option(parser, '--seed', 0, 'seed for the places of the clips')
    parser.add_argument('--figure', type=Path, help='draw time against disk space, as SVG')
    return parser


if __name__ == '__main__':  # --help and mistakes end here, before the slow imports
    sys.exit(run_tool(options(), 'benchmark_training_copies'))

import numpy as np

from mmvideomae.analysis.measurement import wall_and_cpu
from mmvideomae.preparation.videos.training_copies import Copies, copy_settings
from mmvideomae.video.readers import open_reader
from mmvideomae.visualization.canvas import GRID, INK, new_figure, to_svg
from mmvideomae.visualization.canvas import as_text as drawn_text


def places(video: str, args: argparse.Namespace) -> int:
    """How many places a clip can begin at.

    Raises:
        ValueError: The video is too short.
    """
    with open_reader(video) as reader:
        found = len(reader) - (args.clip_len - 1) * args.stride
    if found < 1:
        raise ValueError(f'{video} is shorter than a clip; lower --clip-len or --stride')
    return found


def measure(copies: Copies, places: int, args: argparse.Namespace) -> dict[str, list[float]]:
    """Seconds of each clip, by copy; the order of the copies changes every round."""
    rng = np.random.default_rng(args.seed)
    seconds: dict[str, list[float]] = {name: [] for name in copies.paths}
    for number in range(args.rounds + 2):
        frames = rng.integers(places) + np.arange(args.clip_len) * args.stride
        for name in list(seconds)[:: -1 if number % 2 else 1]:
            spent = read(copies.paths[name], frames)
            if number > 1:  # files are known from then on, and libraries loaded
                seconds[name].append(spent)
    return seconds


def read(path: Path, frames: np.ndarray) -> float:
    """Processor time of opening a file and reading frames, in seconds."""

    def run() -> None:
        with open_reader(path) as reader:
            reader.read(frames)

    return wall_and_cpu(run)[2]


def make(args: argparse.Namespace) -> Told:
    if min(args.clip_len, args.stride, args.rounds) < 1:
        raise UsageError('clip length, stride and rounds must be positive')
    counts = [places(video, args) for video in args.videos]
    rows: dict[str, dict[str, list[float]]] = {}
    for video, count in zip(args.videos, counts, strict=True):
        with tempfile.TemporaryDirectory() as folder:
            print(f'{video}: encoding {len(copy_settings())} copies ...', flush=True)
            copies = Copies(video, Path(folder), copy_settings())
            seconds = measure(copies, count, args)
            for name, times in seconds.items():
                row = rows.setdefault(name, {'seconds': [], 'times': [], 'bytes': [], 'error': []})
                row['seconds'] += times
                pairs = zip(seconds['the source'], times, strict=True)
                row['times'] += [source / own for source, own in pairs]
                row['bytes'].append(copies.bytes_of(name))
                row['error'].append(copies.error_of(name))
    results = {name: summary(row, rows['the source']['bytes']) for name, row in rows.items()}
    if args.figure:
        args.figure.write_bytes(draw_cost(results))
    return Told({'videos': args.videos, 'results': results}, as_text(results))


def summary(row: dict[str, list[float]], source: list[float]) -> dict[str, float | None]:
    error = sum(row['error']) / len(row['error'])
    return {
        'cpu_ms': 1000 * median(row['seconds']),
        'times': median(row['times']),
        'disk': sum(row['bytes']) / sum(source),
        'psnr': 10 * math.log10(255**2 / error) if error else None,
    }


def as_text(results: dict[str, dict[str, Any]]) -> str:
    lines = [f'{"":34}{"ms":>8}{"times":>8}{"disk":>8}{"PSNR":>8}']
    for name, row in results.items():
        psnr = '' if row['psnr'] is None else f'{row["psnr"]:.1f}'
        lines.append(f'{name:34}{row["cpu_ms"]:8.1f}{row["times"]:8.2f}{row["disk"]:8.2f}{psnr:>8}')
    return '\n'.join(lines)


def draw_cost(results: dict[str, dict[str, Any]]) -> bytes:
    """Time of a clip against disk space, a numbered point a way, as SVG."""
    figure = new_figure(9, 5)
    axes = figure.add_subplot()
    for number, (name, row) in enumerate(results.items()):
        at = row['disk'], row['cpu_ms']
        colour = '#c0392b' if name.startswith('--preset') else INK
        axes.plot(*at, 'o', color=colour, markersize=4)
        axes.annotate(str(number), at, (4, 3), textcoords='offset points', fontsize=8, color=colour)
        axes.text(
            *(1.02, 0.97 - 0.046 * number),
            f'{number}  {drawn_text(name)}',
            transform=axes.transAxes,
            fontsize=8,
            color=colour,
        )
    axes.set_xscale('log', base=2)
    axes.xaxis.set_major_formatter('{x:g}')
    axes.set_xlabel('bytes per byte of the source')
    axes.set_ylabel('processor time of a clip, ms')
    axes.set_ylim(bottom=0)
    axes.grid(color=GRID)
    return to_svg(figure)
