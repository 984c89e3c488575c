"""Propose the sizes of an ActionFormer for a data set from the lengths of its segments.

mmvideomae data analyze-segments data/own/annotation.json --features data/own/features
mmvideomae data analyze-segments data/own/segments.csv --stride 4 --window 16 --fps 25

Prints the longest sequence to train on and the regression range and attention window of each level,
as lines of a config, and draws the segment lengths against the levels. ANNOTATIONS is JSON in
ActivityNet's layout, CSV of video,start,end,label, or THUMOS14's folder.
"""

import argparse
from pathlib import Path

from mmvideomae.cli.inputs import existing_path
from mmvideomae.cli.options import add_option
from mmvideomae.cli.tool import run_tool, tool_parser


def options() -> argparse.ArgumentParser:
    parser = tool_parser(__doc__)
    add = parser.add_argument
    add('annotations', type=existing_path, metavar='ANNOTATIONS', help='segments to analyze')
    add(
        '--features',
        type=existing_path,
        metavar='DIR',
        help='folder of features, preferably with sidecars',
    )
    add('--stride', type=float, help='frames from one feature to the next')
    add('--window', type=int, help='frames covered by a feature')
    add('--fps', type=float, help='frames per second (default: from sidecars or annotation)')
    add('--subsets', nargs='+', help='subset to analyze, such as training (default: all videos)')
    add('--feature-name', default='{}.npy', metavar='NAME', help='default: %(default)s')
    add_option(
        parser, '--out', Path('work_dirs/segment_lengths.png'), 'picture to write', metavar='PNG'
    )
    return parser


def main() -> int:
    """Run the command line."""
    return run_tool(options(), 'mmvideomae.cli.work.data.analyze_segments')
