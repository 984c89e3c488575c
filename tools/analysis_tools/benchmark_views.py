"""Measure what it saves to decode a video once for all of its test views.

    python tools/analysis_tools/benchmark_views.py [VIDEO] [--model tiny]

Three ways to the same views (clips x crops) take turns:
  together    the test pipeline of the configs: one opening, every frame decoded and
              resized once, all crops cut from it
  separately  one item per view by the same reader, which reads the frames of its clip
  released    one item per view by the same reader, which as in the papers' released code
              reads the frames of all clips and keeps those of its own
With --model they also classify, the views together in chunks or one at a time, and the
memory of the chunks is measured. "Per core" counts the processor time of all threads,
"wall" is the clock. Times are medians, ratios the medians of the ratio within a round.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

os.environ.setdefault('OMP_NUM_THREADS', '1')

import cv2
import numpy as np
import torch
from mmcv.transforms import Compose
from mmengine import Config
from mmengine.dataset import default_collate
from torch import Tensor, nn

from mmvideomae.analysis.measurement import watch_allocation
from mmvideomae.apis import init_model
from mmvideomae.registry import MODELS, TRANSFORMS
from mmvideomae.synthetic.videos import moving_shapes, write_video
from mmvideomae.video.readers import BACKENDS, VideoReadError, open_reader

CLASSES = 400
ARCHITECTURES: dict[str, Any] = {
    'tiny': {'embed_dims': 32, 'depth': 2, 'num_heads': 2},
    'small': 'small',
}
CPU = torch.device('cpu')


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('video', nargs='?', help='a video file (default: one is synthesized)')
    parser.add_argument('--clips', type=int, default=5, help='of a video (default: %(default)s)')
    parser.add_argument('--crops', type=int, default=3, help='of a clip (default: %(default)s)')
    parser.add_argument('--clip-len', type=int, default=16, help='frames (default: %(default)s)')
    parser.add_argument('--stride', type=int, default=4, help='in frames (default: %(default)s)')
    parser.add_argument('--size', type=int, default=224, help='of the crops (default: %(default)s)')
    parser.add_argument(
        '--backend', choices=BACKENDS, default='auto', help='reader (default: %(default)s)'
    )
    parser.add_argument(
        '--model',
        choices=ARCHITECTURES,
        help='classify too, on the CPU: tiny has two blocks of width 32, small is ViT-S/16',
    )
    parser.add_argument(
        '--chunk',
        type=int,
        default=1,
        help='views forwarded at a time; more do not pay on a CPU (default: %(default)s)',
    )
    parser.add_argument('--rounds', type=int, default=5, help='of each way (default: %(default)s)')
    parser.add_argument('--json', action='store_true', help='print one JSON object')
    args = parser.parse_args()
    numbers = (args.clips, args.crops, args.clip_len, args.stride, args.chunk, args.rounds)
    if min(*numbers, args.size) < 1:
        parser.error('clips, crops, clip length, stride, size, chunk and rounds must be positive')
    if args.clips < 2:  # one clip is the middle of the video, which no rule cuts from a list
        parser.error('--clips must be 2 or more')
    if args.model and (args.size % 16 or args.clip_len % 2):
        parser.error('the models take an even --clip-len and a --size divisible by 16')
    return args


class Views:
    """The views of one video, read together or each by itself."""

    def __init__(self, video: str, args: argparse.Namespace) -> None:
        self._video = video
        self._sampling = dict(
            type='SampleDenseClips',
            clip_len=args.clip_len,
            stride=args.stride,
            num_clips=args.clips,
            test_mode=True,
        )
        self._rule = TRANSFORMS.build(dict(type='CropViews', size=args.size, num_crops=args.crops))
        self._open = TRANSFORMS.build(dict(type='OpenVideo', backend=args.backend))
        self._sample = TRANSFORMS.build(self._sampling)
        self._read = TRANSFORMS.build(dict(type='ReadFrames'))
        self._pack = TRANSFORMS.build(dict(type='PackClips'))
        self._pipeline = Compose([self._open, self._sample, self._read, self._rule, self._pack])
        self.count = args.clips * args.crops

    def together(self) -> dict[str, Any]:
        """All views through the test pipeline: inputs uint8 (V, T, H, W, 3)."""
        return self._pipeline({'filename': self._video})

    def separately(self, view: int) -> dict[str, Any]:
        """One view by itself, of the frames of its clip: inputs uint8 (1, T, H, W, 3)."""
        clip, crop = divmod(view, self._rule.num_crops)
        results = self._sample(self._open({'filename': self._video}))
        results['frame_inds'] = results['frame_inds'].reshape(results['num_clips'], -1)[clip]
        return self._finish(self._read(results), crop, slice(None))

    def released(self, view: int) -> dict[str, Any]:
        """One view by itself, cut out of the frames of all clips."""
        clip, crop = divmod(view, self._rule.num_crops)
        results = self._sample(self._open({'filename': self._video}))
        wanted = results['frame_inds'].reshape(results['num_clips'], -1)[clip]
        strided = np.arange(0, results['total_frames'], results['frame_interval'])
        results['frame_inds'] = strided + results['start_index']
        return self._finish(self._read(results), crop, np.searchsorted(strided, wanted))

    def _finish(
        self, results: dict[str, Any], crop: int, kept: np.ndarray | slice
    ) -> dict[str, Any]:
        """Resize what was read, keep the frames of the clip and pack one crop of them."""
        imgs = results['imgs']
        height, width = self._rule.resized_shape(*imgs.shape[1:3])
        start = self._rule.starts(max(height, width))[crop]
        window = slice(start, start + self._rule.size)
        clip = np.stack([cv2.resize(frame, (width, height)) for frame in imgs])[kept]
        clip = clip[:, :, window] if width > height else clip[:, window]
        return self._pack({**results, 'imgs': clip, 'num_clips': 1})


def build_model(name: str, args: argparse.Namespace) -> nn.Module:
    """A recognizer with random weights on the CPU, testing ``--chunk`` views at a time."""
    backbone = dict(
        type='VideoMAEViT',
        arch=ARCHITECTURES[name],
        img_size=args.size,
        patch_size=16,
        num_frames=args.clip_len,
        out_type='avg',
    )
    width = MODELS.build(backbone).embed_dims
    model = dict(
        type='Recognizer3D',
        backbone=backbone,
        cls_head=dict(
            type='LinearHead', num_classes=CLASSES, in_channels=width, average_clips='prob'
        ),
        data_preprocessor=dict(type='ClassificationDataPreprocessor'),
        test_cfg=dict(max_testing_views=args.chunk),
    )
    return init_model(Config(dict(model=model)), device=CPU)


@torch.inference_mode()
def classify(model: nn.Module, batch: dict[str, Any]) -> Tensor:
    """A batch of one video, inputs (1, V, T, H, W, 3) -> mean probabilities (K,)."""
    return model.test_step(batch)[0].pred_score


def all_together(views: Views, model: nn.Module | None) -> Tensor:
    """Pixels of all views, or the probabilities of the video."""
    sample = views.together()
    return sample['inputs'] if model is None else classify(model, default_collate([sample]))


def one_by_one(
    views: Views, model: nn.Module | None, view: Callable[[int], dict[str, Any]]
) -> Tensor:
    """The same from one item per view."""
    parts = []
    for number in range(views.count):
        sample = view(number)
        batch = default_collate([sample])
        parts.append(sample['inputs'] if model is None else classify(model, batch)[None])
    return torch.cat(parts) if model is None else torch.cat(parts).mean(dim=0)


def ways(views: Views, model: nn.Module | None) -> dict[str, Callable[[], Tensor]]:
    """The three ways, by name."""
    return {
        'together': partial(all_together, views, model),
        'separately': partial(one_by_one, views, model, views.separately),
        'released': partial(one_by_one, views, model, views.released),
    }


def compare(runs: dict[str, Callable[[], Tensor]], rounds: int) -> dict[str, Any]:
    """Let all run in turns, the order of a round changing; the first round warms up."""
    seconds: dict[str, list[tuple[float, float]]] = {name: [] for name in runs}
    for number in range(rounds + 1):
        for name in list(runs)[:: -1 if number % 2 else 1]:
            wall, cpu = time.perf_counter(), time.process_time()
            runs[name]()
            spent = time.perf_counter() - wall, time.process_time() - cpu
            if number:
                seconds[name].append(spent)
    return {name: summary(seconds['together'], times) for name, times in seconds.items()}


def summary(
    fastest: list[tuple[float, float]], times: list[tuple[float, float]]
) -> dict[str, float]:
    """Medians of wall and processor time, and of the ratios to the other's by round."""
    pairs = list(zip(times, fastest, strict=True))
    return {
        'wall_ms': 1000 * median(wall for wall, _ in times),
        'cpu_ms': 1000 * median(cpu for _, cpu in times),
        'times_as_long_wall': median(one[0] / other[0] for one, other in pairs),
        'times_as_long_per_core': median(one[1] / other[1] for one, other in pairs),
    }


def memory(views: Views, model: nn.Module, chunks: list[int]) -> list[dict[str, Any]]:
    """Peak of what the forward pass allocates, in MiB, for all views and for twice as many."""
    sample = views.together()
    double = {**sample, 'inputs': torch.cat([sample['inputs']] * 2)}
    batches = [default_collate([part]) for part in (sample, double)]
    rows = []
    for chunk in chunks:
        model.test_cfg['max_testing_views'] = chunk
        once, twice = (
            watch_allocation(partial(classify, model, batch), CPU)[1].peak / 2**20
            for batch in batches
        )
        rows.append({'chunk': chunk, 'peak_mib': once, 'peak_mib_of_twice_the_views': twice})
    return rows


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
    tell(args, f'reading {views.count} views, {args.rounds} rounds ...')
    report['reading'] = compare(ways(views, None), args.rounds)
    if args.model:
        model = build_model(args.model, args)
        report.update(model=args.model, chunk=args.chunk)
        tell(args, f'reading and classifying, {args.rounds} rounds ...')
        report['classifying'] = compare(ways(views, model), args.rounds)
        tell(args, 'memory ...')
        chunks = sorted({min(chunk, views.count) for chunk in (1, 5, args.chunk, views.count)})
        report['memory'] = memory(views, model, chunks)
    return report


def tell(args: argparse.Namespace, text: str) -> None:
    """Say what is going on, beside the report."""
    if not args.json:
        print(text, file=sys.stderr, flush=True)


def main() -> None:
    args = parse_args()
    cv2.setNumThreads(0)
    torch.set_num_threads(1)
    torch.manual_seed(0)
    with tempfile.TemporaryDirectory() as folder:
        video = args.video
        if video is None:
            video = str(Path(folder) / 'synthesized.mp4')
            write_video(video, moving_shapes(300, 256, 340), gop=250)
        try:
            report = measure(video, args)
        except VideoReadError as error:
            sys.exit(f'benchmark_views: {error}')
    print(json.dumps(report) if args.json else as_text(report))


if __name__ == '__main__':
    main()
