"""Measure the savings of reading a window of an untrimmed video at once, or the memory of training.

    python tools/analysis_tools/benchmark_windows.py [VIDEO] [--frames 768] [--stride 4]
    python tools/analysis_tools/benchmark_windows.py --memory CONFIG [--frames 768] [--size 160]

End-to-end temporal detection sees windows of hundreds of frames in clips of 16.  The same frames,
resized and cropped, are read
  at once       as VideoWindowDataset does: the file is opened once and each frame decoded once
  clip by clip  with a visit to the file for each clip, by each --readers, as a data set of clips
                would read them
in turns, at places of the video that change.  "CPU" is the processor time of all threads, which is
more reliable than the clock on a busy machine.  Times are medians, ratios the medians of the ratio
at the same place.

With --memory, no video is read: the model of CONFIG, an end-to-end detector, is trained on one
window of noise on the CPU, in float32, of half as many frames and of all.  "Linear" is what must
grow with the window: its frames, the input of each block, the hidden values of its adapter and the
gradient of the tokens; "rest" is what remains of the peak.  The model, its gradients and AdamW's
averages come on top, so a GPU needs about the sum.
"""

import argparse
import os
import sys
import tempfile
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

os.environ.setdefault('OMP_NUM_THREADS', '1')

from mmvideomae.cli.inputs import config_path
from mmvideomae.cli.options import add_option
from mmvideomae.cli.tool import Told, UsageError, run_tool, tool_parser
from mmvideomae.video.readers import BACKENDS, open_reader

AT_ONCE = 'at once'


def options() -> argparse.ArgumentParser:
    parser = tool_parser(__doc__)
    parser.add_argument('video', nargs='?', help='a video file (default: one is synthesized)')
    add_option(parser, '--seconds', 180, 'length of the synthesized video of 340x256 pixels')
    add_option(parser, '--gop', 250, "frames between its key frames; 250 is x264's default")
    add_option(parser, '--frames', 768, 'frames of a window')
    add_option(parser, '--stride', 4, 'frames of the video from one to the next')
    add_option(parser, '--clip-len', 16, 'frames of a clip')
    add_option(parser, '--size', 160, 'side of the frames in pixels')
    parser.add_argument(
        '--readers',
        nargs='+',
        default=['pyav', 'decord'],
        choices=BACKENDS,
        help='what reads clip by clip (default: pyav decord)',
    )
    add_option(parser, '--rounds', 3, 'windows that are measured')
    parser.add_argument(
        '--memory', type=config_path, metavar='CONFIG', help='measure a training step instead'
    )
    return parser


if __name__ == '__main__':  # --help and mistakes end here, before the slow imports
    sys.exit(run_tool(options(), 'benchmark_windows'))

import cv2
import numpy as np
import torch
from mmengine.registry import DefaultScope

from mmvideomae.analysis.measurement import wall_and_cpu
from mmvideomae.analysis.window_contenders import WindowReading
from mmvideomae.analysis.window_runs import window_memory
from mmvideomae.apis.inference import built_model
from mmvideomae.configs import read_config
from mmvideomae.ops.frame_windows import FrameWindows
from mmvideomae.synthetic.videos import write_long_video


def check(args: argparse.Namespace) -> None:
    numbers = (args.seconds, args.gop, args.frames, args.stride, args.clip_len, args.size)
    if min(*numbers, args.rounds) < 1:
        raise UsageError('all numbers must be positive')
    if args.frames % args.clip_len:
        raise UsageError(f'--frames {args.frames} are not clips of --clip-len {args.clip_len}')


def make(args: argparse.Namespace) -> Told:
    check(args)
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    if args.memory:
        memories = memory(args)
        return Told(memories, memory_text(memories))
    with tempfile.TemporaryDirectory() as folder:
        video = args.video or write_long_video(Path(folder) / 'long.mp4', args.seconds, args.gop)
        report = compare(video, args)
    return Told(report, as_text(report))


def compare(video: str, args: argparse.Namespace) -> dict[str, Any]:
    """Read windows in all ways, in an order that changes every round.

    Raises:
        ValueError: The video is shorter than a window, or two ways read different frames.
    """
    windows = FrameWindows(args.frames, stride=args.stride, pad=False)
    with open_reader(video) as reader:
        frames, count = len(reader), windows.count(reader.fps, reader.duration)
    if fault := windows.find_fault(count):
        raise ValueError(f'{video}: {fault}')
    reading = WindowReading(video, windows, args.size, args.clip_len)
    ways: dict[str, Callable[[int], np.ndarray]] = {AT_ONCE: reading.at_once}
    ways.update({name: partial(reading.clip_by_clip, backend=name) for name in args.readers})
    for name in args.readers:  # loads libraries, and finds out where frames are in the file
        WindowReading(video, windows, args.size, args.frames).clip_by_clip(0, name)
    rng = np.random.default_rng(0)
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
    for turn in range(args.rounds):
        first = int(rng.integers(count - args.frames + 1))
        read = {}
        for name in list(ways)[:: -1 if turn % 2 else 1]:
            read[name], *seconds = wall_and_cpu(partial(ways[name], first))
            times[name].append(tuple(seconds))
        for name in args.readers:
            if not np.array_equal(read[name], read[AT_ONCE]):
                raise ValueError(f'{video}: {name} reads other frames clip by clip than at once')
    return {
        'video': video,
        'frames_of_video': frames,
        'frames': args.frames,
        'stride': args.stride,
        'clips': args.frames // args.clip_len,
        'size': args.size,
        'rounds': args.rounds,
        'ways': {name: summary(rows, times[AT_ONCE]) for name, rows in times.items()},
    }


def memory(args: argparse.Namespace) -> dict[str, Any]:
    """Train on windows of two lengths.

    Raises:
        UsageError: The config is not that of an end-to-end detector.
    """
    cfg = read_config(args.memory)
    if cfg.model.type != 'EndToEndLocalizer':
        raise UsageError(f'--memory {args.memory} is not an end-to-end detector: {cfg.model.type}')
    rows = []
    for frames in (args.frames // 2, args.frames):
        cfg.model.data_preprocessor.num_frames = frames
        with DefaultScope.overwrite_default_scope('mmvideomae'):
            found = window_memory(built_model(cfg).train(), frames, args.size)
        rows.append({'frames': frames, **asdict(found), 'rest': found.rest})
    growth = rows[1]['rest'] / rows[0]['rest']
    return {'config': args.memory, 'size': args.size, 'windows': rows, 'growth_of_rest': growth}


def memory_text(report: dict[str, Any]) -> str:
    columns = ('peak', 'linear', 'rest', 'kept', 'model')
    lines = [
        '{config}: a training step on a window at {size} px, MiB'.format(**report),
        ''.join(f'{name:>9}' for name in ('frames', *columns)),
    ]
    for row in report['windows']:
        sizes = ''.join(f'{row[name] / 2**20:9.0f}' for name in columns)
        lines.append(f'{row["frames"]:9}{sizes}')
    lines.append('the rest grows by a factor of {growth_of_rest:.2f}'.format(**report))
    return '\n'.join(lines)


def summary(
    rows: list[tuple[float, float]], at_once: list[tuple[float, float]]
) -> dict[str, float]:
    """Median seconds, and how many times those of reading at once."""
    walls, cpus = zip(*rows, strict=True)
    pairs = list(zip(rows, at_once, strict=True))
    return {
        'wall_seconds': median(walls),
        'cpu_seconds': median(cpus),
        'times_wall': median(one[0] / other[0] for one, other in pairs),
        'times_cpu': median(one[1] / other[1] for one, other in pairs),
    }


def as_text(report: dict[str, Any]) -> str:
    lines = [
        '{video}: {frames_of_video} frames; windows of {frames} every {stride}, as {clips} clips, '
        'at {size} px; {rounds} rounds'.format(**report),
        f'{"":22}{"wall s":>9}{"CPU s":>9}{"times wall":>12}{"times CPU":>12}',
    ]
    for name, row in report['ways'].items():
        way = name if name == AT_ONCE else f'clip by clip, {name}'
        lines.append(
            f'{way:22}{row["wall_seconds"]:9.2f}{row["cpu_seconds"]:9.2f}'
            f'{row["times_wall"]:12.2f}{row["times_cpu"]:12.2f}'
        )
    return '\n'.join(lines)
