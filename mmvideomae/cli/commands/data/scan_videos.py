"""Find the unreadable videos of a data set.

mmvideomae data scan-videos data/videos work_dirs/scan
mmvideomae data scan-videos data/train.csv work_dirs/scan --data-prefix data/videos

Opens every video and decodes its first, middle and last frame.  OUT/good.txt receives the lines of
the list whose videos are good, labels included, and can be used for training.  OUT/bad.txt receives
the path of each bad video, with the reason.
"""

import argparse
import os
from pathlib import Path
from typing import Any

from mmvideomae.cli.job_display import add_engine, engine_of
from mmvideomae.cli.options import add_option, train_command
from mmvideomae.cli.tool import Told, run_tool, tool_parser, watched
from mmvideomae.errors import one_line
from mmvideomae.preparation.videos.scan import ScanSettings, items_of, scan, write_report
from mmvideomae.video.readers import BACKENDS

_TOLD = 10  # bad videos that are named
_NO_PREFIX = 'if the paths of the list are relative to a folder, give it as --data-prefix'


def options() -> argparse.ArgumentParser:
    parser = tool_parser(__doc__)
    add = parser.add_argument
    add('source', type=Path, metavar='FOLDER_OR_LIST', help='folder or list to scan')
    add('out', type=Path, metavar='OUT', help='folder for good.txt and bad.txt')
    add('--data-prefix', default='', metavar='FOLDER', help='folder before the paths of a list')
    add_option(parser, '--full', False, 'decode every frame instead of three (slow but certain)')
    add_option(parser, '--backend', 'auto', 'reader', choices=BACKENDS)
    add_option(
        parser,
        '--filename-tmpl',
        'img_{:05}.jpg',
        'file names of frames, for lists "path start total"',
        metavar='NAME',
    )
    add('--workers', type=int, default=os.cpu_count() or 1, help='processes (default: all cores)')
    add_option(
        parser, '--timeout', 120.0, 'a video that takes longer counts as bad', metavar='SECONDS'
    )
    add('--strict', action='store_true', help='exit with 1 if a video is bad')
    add_engine(parser)
    return parser


def make(args: argparse.Namespace) -> Told:
    items = items_of(args.source)
    prefix = str(args.source) if args.source.is_dir() else args.data_prefix
    settings = ScanSettings(prefix, args.backend, args.full, args.filename_tmpl)
    scanned = scan(items, settings, engine_of(args), args.timeout)
    results = list(watched(scanned, 'videos', len(items)))
    write_report(results, items, args.out)
    bad = [result for result in results if result.reason]
    summary: dict[str, Any] = {
        'videos': len(items),
        'good': len(items) - len(bad),
        'bad': len(bad),
        'frames': sum(result.frames for result in results),
        'hours': round(sum(r.frames / r.fps for r in results if r.fps) / 3600, 4),
        'out': str(args.out),
        'reasons': {result.item.entry.path: result.reason for result in bad},
    }
    lines = [
        '{good} of {videos} videos are good ({hours} hours), {bad} bad; see {out}'.format(**summary)
    ]
    reasons = [f'  {one_line(result.item.entry.path)}: {result.reason}' for result in bad]
    lines += reasons[:_TOLD] + [f'  and {len(bad) - _TOLD} more'] * (len(bad) > _TOLD)
    notes = [] if prefix or len(bad) < len(items) else [_NO_PREFIX]
    source = {'folder': None} if args.source.is_dir() else {}
    source |= {'ann_file': args.out / 'good.txt'} | ({'data_prefix': prefix} if prefix else {})
    following = train_command(**source) if len(bad) < len(items) else ''
    return Told(summary, lines, notes, 1 if args.strict and bad else 0, following)


def main() -> int:
    """Run the command line."""
    return run_tool(options(), make)
