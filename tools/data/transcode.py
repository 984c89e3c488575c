"""Re-encode videos so that clips at random places in them are cheap to read.

python tools/data/transcode.py data/videos data/videos_256

Shrinks the shorter side and inserts a key frame every few frames, since a reader that needs frames
in the middle of a file decodes from the previous key frame.  The tree of folders is kept; every
file becomes an .mp4 without sound, as a player shows it: turned, with square pixels, and with all
pictures of one size.  Frame n stays frame n, unless --fps is given.
After an interruption, repeat the command: finished files are skipped.  Only one call at a time can
work in OUT.
"""

import argparse
import os
import sys
from dataclasses import replace
from pathlib import Path

from mmvideomae.cli.job_display import add_engine, engine_of
from mmvideomae.cli.options import add_option
from mmvideomae.cli.tool import Told, run_tool, tool_parser, watched
from mmvideomae.formats.list_lines import write_lines
from mmvideomae.preparation.videos.encoding import PRESETS
from mmvideomae.preparation.videos.transcode import plan, transcode_all, unfinished
from mmvideomae.storage import locked


def options() -> argparse.ArgumentParser:
    parser = tool_parser(__doc__)
    add = parser.add_argument
    add('source', type=Path, metavar='IN', help='folder of videos, or one video')
    add('out', type=Path, metavar='OUT', help='folder for the new videos')
    add_option(
        parser, '--preset', 'general', 'what the settings below are by default', choices=PRESETS
    )
    add(
        '--short-side',
        type=int,
        metavar='PIXELS',
        help='length of the shorter side; smaller videos keep their size',
    )
    add('--gop', type=int, metavar='FRAMES', help='maximum distance between key frames')
    add(
        '--fps',
        type=float,
        help='frames per second, from 0.001 to 1000 (default: keep all frames and their times)',
    )
    add('--crf', type=int, help='x264 quality; lower values are better and give larger files')
    add('--x264-preset', dest='effort', help='how long x264 tries')
    add('--workers', type=int, default=os.cpu_count() or 1, help='processes (default: all cores)')
    add('--timeout', type=float, metavar='SECONDS', help='give up on a video after this time')
    add('--overwrite', action='store_true', help='also re-encode finished files')
    add_engine(parser)
    return parser


def make(args: argparse.Namespace) -> Told:
    """Transcode the videos that are not finished."""
    given = {name: getattr(args, name) for name in ('short_side', 'gop', 'fps', 'crf')}
    given['preset'] = args.effort
    chosen = {name: value for name, value in given.items() if value is not None}
    settings = replace(PRESETS[args.preset], **chosen)
    everything = plan(args.source, args.out, settings)
    with locked(args.out, 'another run of transcode.py'):
        jobs = unfinished(everything, args.out, args.overwrite)
        made = transcode_all(jobs, engine_of(args), args.timeout)
        results = list(watched(made, 'videos', len(jobs), in_logs=True))
        failed = {done.source: done.error for done in results if done.error}
        write_lines(args.out / 'failed.txt', [f'{path}\t{why}' for path, why in failed.items()])
    summary = {
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
    lines = [
        f'{summary["written"]} videos written, {summary["already_done"]} done before, '
        f'{len(failed)} failed; {summary["bytes_before"] / 1e6:.1f} MB became '
        f'{summary["bytes_after"] / 1e6:.1f} MB'
    ]
    lines += [f'  {path}: {reason}' for path, reason in list(failed.items())[:10]]
    return Told(summary, lines, status=1 if failed else 0)


if __name__ == '__main__':
    sys.exit(run_tool(options(), make))
