"""Make training data from a file of segments and a folder of untrimmed videos.

python tools/data/prepare_segments.py data/own/segments.csv data/own/videos data/own

SEGMENTS is CSV of video,start,end,label in seconds (a column subset may say training or
validation), JSON in ActivityNet's layout, or THUMOS14's folder; videos are named by their files,
with or without suffix.  Every file is opened and compared with its segments.  OUT receives
  annotation.json  all videos, with their duration, frame rate and subset
    classes.txt      the labels in alphabetical order, which defines their numbers
  train.csv, val.csv  the segments as clips, "path start total label" in frames, for a classifier
"""

import argparse
import sys
from pathlib import Path

from mmvideomae.cli.options import add_option
from mmvideomae.cli.tool import Told, run_tool, tool_parser, watched
from mmvideomae.preparation.segments.prepare import prepare_segments, write_prepared


def options() -> argparse.ArgumentParser:
    parser = tool_parser(__doc__)
    add = parser.add_argument
    add('segments', type=Path, metavar='SEGMENTS', help='file of segments')
    add('videos', type=Path, metavar='VIDEOS', help='folder of the videos')
    add('out', type=Path, metavar='OUT', help='folder to write')
    add_option(
        parser,
        '--val-share',
        0.2,
        'share of the videos without a subset to hold out',
        metavar='SHARE',
    )
    add('--seed', type=int, default=0, help='the same seed gives the same split')
    add_option(parser, '--skip-bad', False, 'leave out and report videos with faults')
    add('--overwrite', action='store_true', help='replace existing files in OUT')
    return parser


def make(args: argparse.Namespace) -> Told:
    prepared = prepare_segments(
        args.segments,
        args.videos,
        args.val_share,
        args.seed,
        args.skip_bad,
        lambda videos: watched(videos, 'videos'),
    )
    written = write_prepared(prepared, args.out, args.overwrite)
    summary = {**prepared.summary(), 'files': [str(path) for path in written]}
    notes = [f'left out: {fault}' for fault in prepared.left_out]
    notes += [prepared.dropped] if prepared.dropped else []
    notes += [f'{n} videos of {name!r} are in no list' for name, n in summary['other'].items()]
    line = (
        f'{summary["segments"]} segments of {len(prepared.classes)} classes in '
        f'{summary["videos"]} videos: {summary["training"]} for training, '
        f'{summary["validation"]} for validation; in {", ".join(summary["files"])}'
    )
    return Told(summary, line, notes)


if __name__ == '__main__':
    sys.exit(run_tool(options(), make))
