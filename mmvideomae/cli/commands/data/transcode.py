"""Re-encode videos so that clips at random places in them are cheap to read.

mmvideomae data transcode data/videos data/videos_256

Shrinks the shorter side and inserts a key frame every few frames, since a reader that needs frames
in the middle of a file decodes from the previous key frame.  The tree of folders is kept; every
file becomes an .mp4 without sound, as a player shows it: turned, with square pixels, and with all
pictures of one size.  Frame n stays frame n, unless --fps is given.
After an interruption, repeat the command: finished files are skipped.  Only one call at a time can
work in OUT.
"""

import argparse
import os
from pathlib import Path

from mmvideomae.cli.job_display import add_engine
from mmvideomae.cli.options import add_option
from mmvideomae.cli.tool import run_tool, tool_parser
from mmvideomae.preparation.videos.encoding import PRESETS


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


def main() -> int:
    """Run the command line."""
    return run_tool(options(), 'mmvideomae.cli.work.data.transcode')
