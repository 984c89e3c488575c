"""Measure what the extractor of codes saves over a loop of one frame at a time.

    python tools/analysis_tools/benchmark_tokens.py [VIDEO] [--fps 2] [--size 128] [--views all]

There are three ways to the same codes, each in a process of its own:
  extractor     CodeExtractor: every frame decoded and resized once, views in batches
  one by one    each frame read from the file by a reader, each view cut and encoded alone
    pass by pass  the whole video decoded again for each view, as in the released code, each frame
                encoded alone
Without VIDEO one is synthesized, and the extractor also processes a tenth of it, to show that its
memory does not grow with the length.  The tokenizers have random weights: tiny is the demo's
VQ-VAE, vqvae the VQ-VAE with its default size, and dalle the paper's, whose convolutions leave
little to save on a CPU.  "CPU" is the processor time of all threads, which is more reliable than
the clock on a busy machine; memory is the peak above the process's memory before it starts the
work.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmvideomae.cli.options import add_option
from mmvideomae.cli.tool import Told, UsageError, run_tool, tool_parser

_TINY = {'num_codes': 256, 'widths': (16, 32, 64), 'num_blocks': 1, 'code_dims': 16}
SIZES: dict[str, dict[str, Any]] = {
    'tiny': {'type': 'VQVAE', **_TINY},
    'vqvae': {'type': 'VQVAE'},
    'dalle': {'type': 'DalleTokenizer', 'has_decoder': False},
}
VIEWS: dict[str, dict[str, Any]] = {
    'centre': {'positions': ('centre',), 'scales': (1,), 'flip': False},
    'all': {'positions': ('top', 'centre', 'bottom'), 'scales': (1, 1.25), 'flip': True},
}


@dataclass(frozen=True)
class Way:
    """The work of one process, and where it stores the codes."""

    name: str
    video: str
    folder: Path
    args: argparse.Namespace


def options() -> argparse.ArgumentParser:
    parser = tool_parser(__doc__)
    parser.add_argument('video', nargs='?', help='a video file (default: one is synthesized)')
    add_option(parser, '--seconds', 60, 'length of the synthesized video')
    add_option(parser, '--gop', 250, "frames between its key frames; 250 is x264's default")
    add_option(parser, '--fps', 2.0, 'encoded frames per second')
    add_option(parser, '--size', 128, 'side of the views in pixels')
    add_option(parser, '--views', 'centre', 'views of each frame: 1, or all 12', choices=VIEWS)
    add_option(parser, '--tokenizer', 'tiny', 'model that encodes', choices=SIZES)
    add_option(parser, '--batch-size', 64, "the extractor's views per batch")
    add_option(parser, '--threads', 2, "PyTorch's threads")
    return parser


if __name__ == '__main__':  # --help and mistakes end here, before the slow imports
    sys.exit(run_tool(options(), 'benchmark_tokens'))

import numpy as np
import torch

from mmvideomae.analysis.code_contenders import one_frame_at_a_time, one_pass_a_view
from mmvideomae.analysis.own_process import in_own_process
from mmvideomae.formats.code_files import code_path
from mmvideomae.ops.diagonal_views import diagonal_views
from mmvideomae.preparation.codes.extractor import CodeExtractor
from mmvideomae.registry import TOKENIZERS
from mmvideomae.synthetic.videos import write_long_video
from mmvideomae.video.streams import FileStream

PEERS = {'one by one': one_frame_at_a_time, 'pass by pass': one_pass_a_view}


def work(way: Way) -> Callable[[], int]:
    """Computation of codes in one way, in a process of its own."""
    args = way.args
    torch.set_num_threads(args.threads)
    torch.manual_seed(0)
    tokenizer = TOKENIZERS.build(SIZES[args.tokenizer]).eval()
    extractor = CodeExtractor(
        tokenizer, args.fps, args.size, **VIEWS[args.views], batch_size=args.batch_size
    )
    views = extractor.crop.views

    def one_by_one() -> int:
        codes = PEERS[way.name](tokenizer, way.video, args.fps, args.size, views)
        way.folder.mkdir()
        np.save(way.folder / 'codes.npy', codes)
        return len(codes)

    return one_by_one if way.name in PEERS else lambda: extractor.save(way.video, way.folder, 'a')


def alone(way: Way) -> dict[str, Any]:
    """Run one way in a fresh process.

    Raises:
        ValueError: The video cannot be read, or the process died.
    """
    print(f'{way.name}: {Path(way.video).name} ...', flush=True)
    result = in_own_process(work, way)
    return {'way': way.name, 'frames': result.pop('value'), **result}


def measure(args: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """The whole report."""
    video, part = args.video, None
    if video is None:
        print(f'writing {args.seconds} seconds of video ...', flush=True)
        video = write_long_video(folder / 'whole.mp4', args.seconds, args.gop)
        part = write_long_video(folder / 'part.mp4', max(args.seconds // 10, 1), args.gop)
    FileStream(video).close()  # an unreadable video fails here
    fast, *slow = (alone(Way(name, video, folder / name, args)) for name in ('extractor', *PEERS))
    views = diagonal_views(args.size, **VIEWS[args.views])
    ours = np.stack([np.load(code_path(folder / 'extractor', 'a', v.name)) for v in views], axis=1)
    for peer in slow:
        theirs = np.load(folder / peer['way'] / 'codes.npy')
        peer['equal_codes'] = float((ours == theirs).mean())
        peer['times_wall'] = peer['wall_s'] / fast['wall_s']
        peer['times_cpu'] = peer['cpu_s'] / fast['cpu_s']
    report = {
        **{key: value for key, value in vars(args).items() if key != 'json'},
        'ways': [fast, *slow],
        'distinct_codes': len(np.unique(ours)),
    }
    if part is not None:
        report['tenth'] = alone(Way('extractor', part, folder / 'tenth', args))
    return report


def lines(report: dict[str, Any]) -> Iterator[str]:
    """The report as text."""
    yield (
        '{fps:g} frames per second of {size} pixels, views: {views}, {tokenizer} tokenizer, '
        'batches of {batch_size}, {threads} threads'.format(**report)
    )
    rows = [*report['ways']]
    if 'tenth' in report:
        rows.append({**report['tenth'], 'way': 'extractor, a tenth of the video'})
    for row in rows:
        yield (
            '  {way:32}{frames:6} frames {wall_s:8.1f} s wall {cpu_s:8.1f} s CPU '
            '{peak_mib:7.0f} MiB'.format(**row)
        )
    for peer in report['ways'][1:]:
        yield (
            'the extractor is {times_wall:.1f} times as fast as {way} by the clock and '
            '{times_cpu:.1f} times by CPU; {equal_codes:.2%} of the codes are equal'.format(**peer)
        )


def make(args: argparse.Namespace) -> Told:
    if min(args.seconds, args.gop, args.fps, args.size, args.batch_size, args.threads) <= 0:
        raise UsageError('all numbers must be positive')
    with tempfile.TemporaryDirectory() as folder:
        report = measure(args, Path(folder))
    return Told(report, lines(report))
