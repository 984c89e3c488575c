"""Check a data set of boxes in AVA's layout for problems.

mmvideomae data check-boxes CONFIG.py
mmvideomae data check-boxes ANN.csv LABEL_MAP.pbtxt --videos FOLDER --proposals BOXES.pkl

For a config, this checks all lists that it trains, validates and tests on: ids, seconds compared
with the lengths of the videos, boxes, persons, proposals, excluded key frames and whether all
videos can be read. It prints counts, the balance of the classes and all problems, with examples.
The exit status is 1 if there are errors (training or a test would fail, or learn the wrong thing),
and 0 if there are only warnings.
"""

import argparse
import os

from mmvideomae.cli.inputs import existing_path
from mmvideomae.cli.options import add_option, add_places
from mmvideomae.cli.tool import run_tool, tool_parser


def options() -> argparse.ArgumentParser:
    parser = tool_parser(__doc__)
    add = parser.add_argument
    add(
        'source',
        type=existing_path,
        metavar='CONFIG_OR_ANN',
        help='a config (.py), or a list of boxes',
    )
    add(
        'label_map',
        type=existing_path,
        nargs='?',
        metavar='LABEL_MAP',
        help='names of the ids, for a list',
    )
    add('--videos', metavar='FOLDER', help='folder of videos or of folders of frames')
    add('--table', metavar='CSV', help='paths of videos: lines video,path,start_second[,fps]')
    add('--proposals', metavar='FILE', help="a detector's boxes")
    add('--proposal-images', metavar='JSON', help='table of images, for proposals with ids only')
    add(
        '--min-box-score',
        type=float,
        default=0.0,
        metavar='SCORE',
        help='ignore proposals with lower scores (default: 0)',
    )
    add('--excluded', metavar='CSV', help='key frames to ignore')
    add('--num-classes', type=int, metavar='K', help='largest id (default: that of LABEL_MAP)')
    add_places(parser)
    add('--workers', type=int, default=os.cpu_count() or 1, help='processes (default: all cores)')
    add_option(
        parser,
        '--timeout',
        120.0,
        'a video that takes longer counts as unreadable',
        metavar='SECONDS',
    )
    return parser


def main() -> int:
    """Run the command line."""
    return run_tool(options(), 'mmvideomae.cli.work.data.check_boxes')
