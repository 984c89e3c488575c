"""Make training data from a file of segments and a folder of untrimmed videos.

mmvideomae data prepare-segments data/own/segments.csv data/own/videos data/own
mmvideomae data prepare-segments data/multithumos/annotations data/thumos14/videos \\
    data/multithumos --set multithumos

SEGMENTS is CSV of video,start,end,label in seconds (a column subset may say training or
validation), JSON in ActivityNet's layout, or THUMOS14's folder; videos are named by their files,
with or without suffix.  Every file is opened and compared with its segments.  OUT receives
  annotation.json  all videos, with their duration, frame rate and subset
  classes.txt      the labels in alphabetical order, which defines their numbers
  train.csv, val.csv  the segments as clips, "path start total label" in frames, for a classifier

With --set, SEGMENTS is the folder of a data set's published annotation files (for activitynet,
which is FineAction's and HACS's layout too, the JSON file), and segments that reach outside their
video are cut off and counted.  VIDEOS may hold features, ID.npy, and no videos.
"""

import argparse
from pathlib import Path

from mmvideomae.cli.inputs import existing_path
from mmvideomae.cli.options import add_option
from mmvideomae.cli.tool import run_tool, tool_parser


def options() -> argparse.ArgumentParser:
    parser = tool_parser(__doc__)
    add = parser.add_argument
    add('segments', type=existing_path, metavar='SEGMENTS', help='file of segments')
    add(
        'videos',
        type=existing_path,
        metavar='VIDEOS',
        help='folder of the videos, or of their features',
    )
    add('out', type=Path, metavar='OUT', help='folder to write')
    add_option(
        parser,
        '--val-share',
        0.2,
        'share of the videos without a subset to hold out',
        metavar='SHARE',
    )
    add('--seed', type=int, default=0, help='the same seed gives the same split')
    add(
        '--set',
        dest='layout',
        choices=('activitynet', 'multithumos', 'charades', 'epic-verb', 'epic-noun', 'ego4d-mq'),
        help='SEGMENTS are the published annotation files of this data set',
    )
    what = 'names of the files, without extension, given the name of a video'
    add_option(parser, '--name', '{}', what, metavar='TEMPLATE')
    add(
        '--clock',
        type=Path,
        metavar='FILE',
        help='another annotation, which gives the durations and frame rates of the videos',
    )
    add_option(parser, '--skip-bad', False, 'leave out and report videos with faults')
    add('--overwrite', action='store_true', help='replace existing files in OUT')
    return parser


def main() -> int:
    """Run the command line."""
    return run_tool(options(), 'mmvideomae.cli.work.data.prepare_segments')
