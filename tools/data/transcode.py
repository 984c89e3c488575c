"""Encode videos anew so that clips at random places in them are cheap to read.

python tools/data/transcode.py data/videos data/videos_256

Shrinks the shorter side and puts a key frame every few frames: a reader that wants frames
in the middle of a file decodes from the key frame before them.  Keeps the tree of folders;
every file becomes an .mp4 without sound, as a player shows it: turned, with square pixels, and
all pictures of one size.  Frame n stays frame n, unless --fps is given.
Call it again after an interruption: finished files are not done twice.  A second call that is
made while one is at work in OUT is refused.
"""

import argparse
import json
import os
import sys
from pathlib import Path

from rich.console import Console
from rich.progress import track

from mmvideomae.errors import UserError, printable
from mmvideomae.formats.list_lines import write_lines
from mmvideomae.preparation.videos.transcode import (
    TranscodeSettings,
    plan,
    transcode_all,
    unfinished,
)
from mmvideomae.storage import locked


def parse_args() -> argparse.Namespace:
    defaults = TranscodeSettings()
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('source', type=Path, metavar='IN', help='folder of videos, or one video')
    parser.add_argument('out', type=Path, metavar='OUT', help='folder for the new videos')
    parser.add_argument(
        '--short-side',
        type=int,
        default=defaults.short_side,
        metavar='PIXELS',
        help='shorter side; smaller videos keep their size (default: %(default)s)',
    )
    parser.add_argument(
        '--gop',
        type=int,
        default=defaults.gop,
        metavar='FRAMES',
        help='a key frame at least every so many frames (default: %(default)s)',
    )
    parser.add_argument(
        '--fps',
        type=float,
        help='frames per second, from 0.001 to 1000 (default: every frame at its time)',
    )
    parser.add_argument(
        '--crf',
        type=int,
        default=defaults.crf,
        help='x264 quality, lower is better and larger (default: %(default)s)',
    )
    parser.add_argument(
        '--preset', default=defaults.preset, help='x264 preset (default: %(default)s)'
    )
    parser.add_argument(
        '--workers', type=int, default=os.cpu_count() or 1, help='processes (default: all cores)'
    )
    parser.add_argument(
        '--timeout', type=float, metavar='SECONDS', help='give a video up after so long'
    )
    parser.add_argument('--overwrite', action='store_true', help='encode finished files again')
    parser.add_argument('--json', action='store_true', help='print one JSON object on stdout')
    return parser.parse_args()


def make(args: argparse.Namespace) -> dict[str, object]:
    """Transcode what is not finished; returns the summary."""
    settings = TranscodeSettings(args.short_side, args.gop, args.fps, args.crf, args.preset)
    everything = plan(args.source, args.out, settings)
    with locked(args.out, 'another run of transcode.py'):
        jobs = unfinished(everything, args.out, args.overwrite)
        progress = track(
            transcode_all(jobs, args.workers, args.timeout),
            'videos',
            total=len(jobs),
            console=Console(stderr=True),
        )
        results = list(progress)
        failed = {done.source: done.error for done in results if done.error}
        write_lines(args.out / 'failed.txt', [f'{path}\t{why}' for path, why in failed.items()])
    return {
        'videos': len(everything),
        'written': len(results) - len(failed),
        'already_done': len(everything) - len(jobs),
        'failed': len(failed),
        'frames': sum(done.frames for done in results),
        'bytes_before': sum(done.bytes_before for done in results),
        'bytes_after': sum(done.bytes_after for done in results),
        'out': str(args.out),
        'reasons': failed,
    }


def main() -> int:
    args = parse_args()
    try:
        summary = make(args)
    except (UserError, ValueError, OSError) as error:
        print(f'transcode.py: {error}', file=sys.stderr)
        return 1
    if args.json:
        print(json.dumps(summary))
    else:
        print(
            f'{summary["written"]} videos written, {summary["already_done"]} done before, '
            f'{summary["failed"]} failed; {summary["bytes_before"] / 1e6:.1f} MB became '
            f'{summary["bytes_after"] / 1e6:.1f} MB'
        )
        for path, reason in list(summary['reasons'].items())[:10]:
            print(printable(f'  {path}: {reason}'))
    return 1 if summary['failed'] else 0


if __name__ == '__main__':
    sys.exit(main())
