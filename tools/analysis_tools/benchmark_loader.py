"""Measure how fast one process makes pre-training samples, and where the time goes.

    python tools/analysis_tools/benchmark_loader.py [VIDEO]

Beside it, in turns and on the same frames, runs the path of the papers' released code:
decord, PIL crops and resizes, normalisation to float32 in the worker. Clips are crops
handed to the model: --repeats 4 makes four of each decoded video. "Per core" counts the
processor time of all threads, which is what many workers on one machine share; "wall"
is the clock. Times are medians, ratios the medians of both paths' ratio on the same clip.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

os.environ.setdefault('OMP_NUM_THREADS', '1')

import cv2
import numpy as np
import torch
from PIL import Image

from mmvideomae.datasets import VideoListDataset
from mmvideomae.masking import RunningCellMask, TubeMask
from mmvideomae.registry import TRANSFORMS
from mmvideomae.synthetic.videos import moving_shapes, write_video
from mmvideomae.video.readers import BACKENDS, VideoReadError, open_reader

STAGES = ('open', 'read', 'crop', 'mask', 'pack')
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
GRID = (8, 14, 14)
ENCODER, DECODER = {'type': 'TubeMask', 'ratio': 0.9}, {'type': 'RunningCellMask', 'ratio': 0.5}


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('video', nargs='?', help='a video file (default: one is synthesized)')
    parser.add_argument('--clip-len', type=int, default=16, help='frames (default: %(default)s)')
    parser.add_argument('--stride', type=int, default=4, help='in frames (default: %(default)s)')
    parser.add_argument('--size', type=int, default=224, help='of the crops (default: %(default)s)')
    parser.add_argument(
        '--repeats',
        type=int,
        nargs='+',
        default=[1, 4],
        help='crops and masks of one decoded clip, each measured by itself (default: 1 4)',
    )
    parser.add_argument(
        '--backend', choices=BACKENDS, default='auto', help='reader (default: %(default)s)'
    )
    parser.add_argument(
        '--seconds', type=float, default=10, help='for each number of repeats (default: 10)'
    )
    parser.add_argument('--seed', type=int, default=0, help='of clips, crops and masks')
    parser.add_argument('--json', action='store_true', help='print one JSON object')
    args = parser.parse_args()
    if min(args.clip_len, args.stride, args.size, *args.repeats) < 1 or args.seconds <= 0:
        parser.error('clip length, stride, size, repeats and seconds must be positive')
    return args


@dataclass
class StageClock:
    """Seconds of wall and processor time by stage, one row per sample."""

    rows: list[dict[str, tuple[float, float]]] = field(default_factory=list)

    def start_sample(self) -> None:
        """Begin a row."""
        self.rows.append({})

    def timed(self, stage: str, call: Callable[..., Any]) -> Callable[..., Any]:
        """``call`` with its time added to the stage of the current row."""

        def run(*args: Any) -> Any:
            wall, cpu = time.perf_counter(), time.process_time()
            result = call(*args)
            wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
            before = self.rows[-1].get(stage, (0.0, 0.0))
            self.rows[-1][stage] = (before[0] + wall, before[1] + cpu)
            return result

        return run

    def medians(self, stage: str) -> tuple[float, float]:
        """Median wall and processor time of one stage."""
        times = [row.get(stage, (0.0, 0.0)) for row in self.rows]
        return median(wall for wall, _ in times), median(cpu for _, cpu in times)


class Ours:
    """`VideoListDataset` with the transforms of the configs, each on the clock."""

    def __init__(self, video: str, args: argparse.Namespace, repeats: int) -> None:
        self.clock = StageClock()
        self._first_frame = 0
        masks = {'type': 'GenerateMasks', 'grid_size': GRID, 'encoder': ENCODER, 'decoder': DECODER}
        crop = self._timed('crop', type='ClipMultiScaleCrop', size=args.size)
        mask = self._timed('mask', **masks)
        stages = [
            self._timed('open', type='OpenVideo', backend=args.backend),
            self._timed('open', type='SampleClip', clip_len=args.clip_len, stride=args.stride),
            self._move_clip,
            self._timed('read', type='ReadFrames'),
            TRANSFORMS.build(
                dict(type='RepeatAugment', num_repeats=repeats, transforms=[crop, mask])
            ),
            self._timed('pack', type='PackClips'),
        ]
        # The file may lie anywhere: its folder may hold others, so that a list names it.
        with tempfile.NamedTemporaryFile('w', suffix='.txt') as listed:
            print(f'"{video}"', file=listed, flush=True)
            self._dataset = VideoListDataset([dict(ann_file=listed.name)], pipeline=stages)
        self._seed = args.seed
        self._make = self.clock.timed('total', self._dataset.__getitem__)

    def _timed(self, stage: str, **config: Any) -> Callable[..., Any]:
        return self.clock.timed(stage, TRANSFORMS.build(config))

    def _move_clip(self, results: dict[str, Any]) -> dict[str, Any]:
        """Put the sampled clip where the plan has it: both paths read the same frames."""
        results['frame_inds'] += self._first_frame - results['frame_inds'][0]
        return results

    def sample(self, number: int, first_frame: int) -> dict[str, Any]:
        """Make sample ``number`` of the clip that begins at ``first_frame``."""
        self._first_frame = first_frame
        self._dataset.set_epoch(self._seed, number)
        self.clock.start_sample()
        return self._make(0)


class Reference:
    """The released pre-training path: decord, PIL, float32 in the worker."""

    def __init__(self, video: str, args: argparse.Namespace, repeats: int) -> None:
        self.clock = StageClock()
        self._video, self._repeats, self._size = video, repeats, args.size
        self._span = np.arange(args.clip_len) * args.stride
        self._generators = [
            TubeMask(GRID, ENCODER['ratio']),
            RunningCellMask(GRID, DECODER['ratio']),
        ]
        # Sizes and places are drawn by the same rule, which costs nothing either way.
        self._rule = TRANSFORMS.build(dict(type='ClipMultiScaleCrop', size=args.size))
        self._open = self.clock.timed('open', open_with_decord)
        self._read = self.clock.timed('read', read_as_pil)
        self._crop = self.clock.timed('crop', self._crop_and_resize)
        self._mask = self.clock.timed('mask', self._draw_masks)
        self._pack = self.clock.timed('pack', stack_and_normalise)
        self._make = self.clock.timed('total', self._sample)

    def sample(self, number: int, first_frame: int) -> list[tuple[torch.Tensor, list[np.ndarray]]]:
        """Make sample ``number`` of the clip that begins at ``first_frame``."""
        self.clock.start_sample()
        return self._make(number, first_frame)

    def _sample(self, number: int, first_frame: int) -> list[tuple[torch.Tensor, list[np.ndarray]]]:
        np.random.seed(number)
        rng = np.random.default_rng(number)
        images = self._read(self._open(self._video), first_frame + self._span)
        return [(self._pack(self._crop(images)), self._mask(rng)) for _ in range(self._repeats)]

    def _crop_and_resize(self, images: list[Image.Image]) -> list[Image.Image]:
        left, top, width, height = self._rule.draw(images[0].height, images[0].width)
        box = (left, top, left + width, top + height)
        side = (self._size, self._size)
        crops = [image.crop(box) for image in images]
        return [crop.resize(side, Image.Resampling.BILINEAR) for crop in crops]

    def _draw_masks(self, rng: np.random.Generator) -> list[np.ndarray]:
        return [generator(rng) for generator in self._generators]


def open_with_decord(video: str) -> Any:
    """A decord reader with one thread, all else by default."""
    import decord

    return decord.VideoReader(video, num_threads=1)


def read_as_pil(reader: Any, frames: Sequence[int]) -> list[Image.Image]:
    """The frames as PIL images."""
    return [Image.fromarray(frame).convert('RGB') for frame in reader.get_batch(frames).asnumpy()]


def stack_and_normalise(images: list[Image.Image]) -> torch.Tensor:
    """PIL images -> float32 (3, T, H, W), by channel mean and deviation."""
    stacked = np.concatenate([np.asarray(image) for image in images], axis=2)
    clip = torch.from_numpy(stacked).permute(2, 0, 1).contiguous().float().div(255)
    mean, std = (torch.tensor(part * len(images))[:, None, None] for part in (MEAN, STD))
    clip.sub_(mean).div_(std)
    return clip.unflatten(0, (len(images), 3)).transpose(0, 1)


def compare(video: str, args: argparse.Namespace, repeats: int, places: int) -> dict[str, Any]:
    """Let both run in turns, the first of a round changing, until the time is over."""
    paths = {'ours': Ours(video, args, repeats), 'reference': Reference(video, args, repeats)}
    rng = np.random.default_rng(args.seed)
    rounds, end = 0, 0.0
    # The first two rounds load libraries and warm caches: they do not count.
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
        sys.exit(
            f'benchmark_loader: {video} has {frames} frames, a clip takes '
            f'{args.clip_len * args.stride}; lower --clip-len or --stride'
        )
    results = []
    for repeats in args.repeats:
        if not args.json:
            print(f'R = {repeats}: {args.seconds:g} seconds ...', file=sys.stderr, flush=True)
        results.append(compare(video, args, repeats, places))
    settings = {'clip_len': args.clip_len, 'stride': args.stride, 'backend': args.backend}
    shape = {'frames': frames, 'height': height, 'width': width}
    return {'video': video, **shape, **settings, 'size': args.size, 'results': results}


def main() -> None:
    args = parse_args()
    cv2.setNumThreads(0)
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        video = args.video
        if video is None:
            video = str(Path(folder) / 'synthesized.mp4')
            write_video(video, moving_shapes(300, 256, 340), gop=250)
        try:
            report = measure(video, args)
        except VideoReadError as error:
            sys.exit(f'benchmark_loader: {error}')
    print(json.dumps(report) if args.json else as_text(report))


if __name__ == '__main__':
    main()
