"""Classify videos with the config and checkpoint of a classifier.

mmvideomae classify CONFIG CKPT clip.mp4 other.mp4
mmvideomae classify CONFIG CKPT film.mp4 --timeline --overlay --out work_dirs/film
mmvideomae classify CONFIG CKPT 0 --live

A VIDEO is a file, a folder of frames, or a folder of video files, which are all classified; with
--live it is the number of a camera, the address of a stream (rtsp://, http://) or a file that is
played like one.  Class names come from the config or from --classes.  If videos cannot be read,
they are named at the end, and the exit status is 1.
"""

import argparse
from pathlib import Path

from mmvideomae.cli.inputs import VideosAction, checkpoint_path, config_path
from mmvideomae.cli.options import add_cfg_options, add_frames, add_option
from mmvideomae.cli.tool import run_tool, tool_parser


def options() -> argparse.ArgumentParser:
    parser = tool_parser(__doc__)
    add = parser.add_argument
    add('config', type=config_path, metavar='CONFIG', help='config of the classifier')
    add('checkpoint', type=checkpoint_path, metavar='CKPT', help='its weights')
    add('videos', action=VideosAction, metavar='VIDEO', nargs='+', help='videos to classify')
    add(
        '--classes',
        metavar='FILE',
        help='class names, one per line (default: those of the config)',
    )
    add_option(parser, '--top-k', 5, 'number of classes shown for each video')
    add_option(
        parser,
        '--min-score',
        0.0,
        'show classes from this probability on, for models whose clips have several labels',
    )
    add_option(parser, '--batch-size', 4, 'videos or windows per batch')
    add_option(
        parser, '--timeline', False, 'classify window by window, into OUT/NAME.json, .csv and .png'
    )
    add_option(parser, '--overlay', False, 'write OUT/NAME.mp4, labelled with the current class')
    add_option(
        parser,
        '--out',
        Path('work_dirs/classify'),
        'folder for timelines and overlays',
        metavar='OUT',
    )
    add_option(
        parser, '--window', 3.0, 'length of a window for --timeline and --live', metavar='SECONDS'
    )
    add(
        '--stride',
        type=float,
        metavar='SECONDS',
        help='time between windows of --timeline (default: half a window)',
    )
    add_option(
        parser,
        '--all-views',
        False,
        'classify all clips and crops of the test pipeline for each window instead of one',
    )
    add('--live', action='store_true', help='label a camera or stream in real time')
    add('--seconds', type=float, help='end --live after this time (default: with Ctrl-C)')
    add_frames(parser)
    add('--device', help='for example cpu or cuda:1 (default: a GPU if there is one)')
    add_cfg_options(parser)
    return parser


def main() -> int:
    """Run the command line."""
    help_of_json = 'print one JSON object on stdout; with --live, one per label'
    return run_tool(options(), 'mmvideomae.cli.work.classify', json_help=help_of_json)
