"""Make what training reads of a file of segments and a folder of untrimmed videos.

python tools/data/prepare_segments.py data/own/segments.csv data/own/videos data/own

SEGMENTS is CSV of video,start,end,label in seconds (a column subset may say training or
validation), JSON in the layout of ActivityNet, or THUMOS14's folder; videos are named by their
files, with or without suffix.  Every file is opened and every segment compared with it.  OUT gets
  annotation.json  all videos, with their duration, frame rate and subset
  classes.txt      the labels in alphabetical order, which is that of their numbers
  train.csv, val.csv  the segments as clips, "path start total label" in frames, for a classifier
"""

import argparse
import json
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from rich.console import Console
from rich.progress import track

from mmvideomae.errors import UserError
from mmvideomae.formats.segment_annotations import AnnotatedVideo
from mmvideomae.preparation.segments.prepare import prepare_segments, write_prepared


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('segments', type=Path, metavar='SEGMENTS', help='what happens when')
    parser.add_argument('videos', type=Path, metavar='VIDEOS', help='folder of the videos')
    parser.add_argument('out', type=Path, metavar='OUT', help='folder to write')
    parser.add_argument(
        '--val-share',
        type=float,
        default=0.2,
        metavar='SHARE',
        help='of the videos without a subset that are held out (default: %(default)s)',
    )
    parser.add_argument('--seed', type=int, default=0, help='the same seed, the same split')
    parser.add_argument(
        '--skip-bad', action='store_true', help='leave out videos with faults, and tell of them'
    )
    parser.add_argument('--overwrite', action='store_true', help='replace files that stand in OUT')
    parser.add_argument('--json', action='store_true', help='print one JSON object on stdout')
    return parser.parse_args()


def watch(videos: Sequence[AnnotatedVideo]) -> Iterable[AnnotatedVideo]:
    console = Console(stderr=True)
    return track(videos, 'videos', console=console, transient=True, disable=not console.is_terminal)


def main() -> int:
    args = parse_args()
    try:
        prepared = prepare_segments(
            args.segments, args.videos, args.val_share, args.seed, args.skip_bad, watch
        )
        written = write_prepared(prepared, args.out, args.overwrite)
    except (UserError, ValueError, OSError) as error:
        print(f'prepare_segments.py: {error}', file=sys.stderr)
        return 1
    summary = {**prepared.summary(), 'files': [str(path) for path in written]}
    for fault in prepared.left_out:
        print(f'prepare_segments.py: left out: {fault}', file=sys.stderr)
    if prepared.dropped:
        print(f'prepare_segments.py: {prepared.dropped}', file=sys.stderr)
    for name, count in summary['other'].items():
        print(f'prepare_segments.py: {count} videos of {name!r} are in no list', file=sys.stderr)
    if args.json:
        print(json.dumps(summary))
        return 0
    print(
        f'{summary["segments"]} segments of {len(prepared.classes)} classes in '
        f'{summary["videos"]} videos: {summary["training"]} for training, '
        f'{summary["validation"]} for validation; in {", ".join(summary["files"])}'
    )
    return 0


if __name__ == '__main__':
    sys.exit(main())
