"""Make a data set for an action detector from your own boxes and videos.

mmvideomae data init-boxes boxes.csv data/boxes --videos FOLDER
mmvideomae data init-boxes train.csv data/boxes --val val.csv --videos FOLDER
mmvideomae data init-boxes coco.json data/boxes --videos FOLDER

CSV: lines video,second,x1,y1,x2,y2,label, optionally followed by ,person, with or without this
header. Boxes are fractions of the frame (or pixels, with --pixels), a label is the name or the
number of a class (numbers start at 1), and a box with several labels has several lines.

JSON: images, annotations (bbox [x, y, width, height] in pixels, one per label) and categories as in
COCO. An image gives its time by "video" and "second", by "video" and "frame" (from 0 on), or by a
file_name such as VIDEO/000123.jpg; persons are the "person" or "track_id" of annotations.

Writes OUT/{train,val}.csv in AVA's layout, OUT/label_map.pbtxt, OUT/videos.csv (paths of videos),
OUT/{train,val}_proposals.pkl (the true boxes with score 1) and OUT/config.py.
"""

import argparse
from pathlib import Path

from mmvideomae.cli.inputs import existing_path
from mmvideomae.cli.options import add_option
from mmvideomae.cli.tool import run_tool, tool_parser
from mmvideomae.version import shipped

_BASE = shipped('configs/demo/detector_vit-tiny-p8_own-boxes.py')


def options() -> argparse.ArgumentParser:
    parser = tool_parser(__doc__)
    add = parser.add_argument
    add('boxes', type=existing_path, metavar='BOXES', help='CSV or JSON file')
    add('out', type=Path, metavar='OUT', help='folder to write')
    add(
        '--videos',
        type=existing_path,
        required=True,
        metavar='FOLDER',
        help='folder of the videos, with or without subfolders',
    )
    add(
        '--val',
        type=Path,
        metavar='BOXES',
        help='boxes to validate on (default: those of some videos in the first file)',
    )
    add_option(
        parser,
        '--val-share',
        0.2,
        'share of the videos to validate on if --val is not given',
        metavar='SHARE',
    )
    add('--seed', type=int, default=0, help='the same seed gives the same split')
    add(
        '--classes',
        type=Path,
        metavar='FILE',
        help='class names, one per line from number 1 on, or a label map (.pbtxt); default: '
        'the names in BOXES, sorted',
    )
    add('--pixels', action='store_true', help='boxes of a CSV file are in pixels')
    add(
        '--start-second',
        type=float,
        default=0.0,
        metavar='S',
        help='time of the first frame of every video, in seconds (default: 0)',
    )
    add(
        '--filename-tmpl',
        metavar='NAME',
        help='file names of frames, if videos are folders of frames, for example img_{:05}.jpg',
    )
    add(
        '--start-index',
        type=int,
        help='number of the first frame in them (default: the lowest in each folder)',
    )
    add(
        '--fps',
        type=float,
        help='frame rate of folders of frames, and of the frame numbers in a JSON file '
        "(default: the video's)",
    )
    add(
        '--base',
        type=Path,
        default=_BASE,
        metavar='CONFIG',
        help='detector config that OUT/config.py inherits (default: a tiny one for CPUs)',
    )
    add('--overwrite', action='store_true', help='replace existing files in OUT')
    return parser


def main() -> int:
    """Run the command line."""
    return run_tool(options(), 'mmvideomae.cli.work.data.init_boxes')
