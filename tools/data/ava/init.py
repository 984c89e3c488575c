"""Make a data set to train an action detector on, of your own boxes and videos.

python tools/data/ava/init.py boxes.csv data/boxes --videos FOLDER
python tools/data/ava/init.py train.csv data/boxes --val val.csv --videos FOLDER
python tools/data/ava/init.py coco.json data/boxes --videos FOLDER

CSV: lines video,second,x1,y1,x2,y2,label or with ,person behind, with or without that header. Boxes
are shares of the frame (or pixels, with --pixels), a label is the name or the number of a class
(numbers count from 1), a box with several labels has several lines.

JSON: images, annotations (bbox [x, y, width, height] in pixels, one per label) and categories as in
COCO. An image says its moment by "video" and "second", by "video" and "frame" (from 0 on), or by a
file_name such as VIDEO/000123.jpg; persons are "person" or "track_id" of annotations.

Writes OUT/{train,val}.csv in AVA's layout, OUT/label_map.pbtxt, OUT/videos.csv (where videos lie),
OUT/{train,val}_proposals.pkl (the true boxes with score 1) and OUT/config.py.
"""

import argparse
import sys
from pathlib import Path

from mmvideomae.cli.options import add_option
from mmvideomae.cli.tool import Told, run_tool, tool_parser, watched
from mmvideomae.preparation.boxes.files import InitSettings
from mmvideomae.preparation.boxes.init import prepare_boxes
from mmvideomae.preparation.boxes.sources import read_source
from mmvideomae.preparation.lists.make_annotations import FrameNames

BASE = Path(__file__).resolve().parents[3] / 'configs/demo/detector_vit-tiny-p8_own-boxes.py'


def options() -> argparse.ArgumentParser:
    parser = tool_parser(__doc__)
    add = parser.add_argument
    add('boxes', type=Path, metavar='BOXES', help='CSV or JSON file')
    add('out', type=Path, metavar='OUT', help='folder to write')
    add(
        '--videos',
        type=Path,
        required=True,
        metavar='FOLDER',
        help='the videos, in sub-folders or not',
    )
    add(
        '--val',
        type=Path,
        metavar='BOXES',
        help='boxes to validate on (default: those of some videos of the first file)',
    )
    add_option(
        parser,
        '--val-share',
        0.2,
        'share of the videos to validate on, without --val',
        metavar='SHARE',
    )
    add('--seed', type=int, default=0, help='the same seed, the same split')
    add(
        '--classes',
        type=Path,
        metavar='FILE',
        help='class names: one per line, the first is number 1, or a label map (.pbtxt); default: '
        'the names in BOXES, sorted',
    )
    add('--pixels', action='store_true', help='boxes of a CSV file are in pixels')
    add(
        '--start-second',
        type=float,
        default=0.0,
        metavar='S',
        help='the second that the first frame of every video is (default: 0)',
    )
    add(
        '--filename-tmpl',
        metavar='NAME',
        help='the videos are folders of frames with such file names, for example img_{:05}.jpg',
    )
    add(
        '--start-index',
        type=int,
        help='number of the first of these (default: the lowest in each folder)',
    )
    add(
        '--fps',
        type=float,
        help='frames per second of folders of frames, and that frame numbers of a JSON file count '
        '(default: those of the video)',
    )
    add(
        '--base',
        type=Path,
        default=BASE,
        metavar='CONFIG',
        help='config of a detector to base OUT/config.py on (default: a tiny one for CPUs)',
    )
    add('--overwrite', action='store_true', help='replace files that stand in OUT')
    return parser


def make(args: argparse.Namespace) -> Told:
    frames = FrameNames(args.filename_tmpl, args.start_index) if args.filename_tmpl else None
    settings = InitSettings(
        out=args.out,
        videos=args.videos,
        base=args.base,
        classes=args.classes,
        val_share=args.val_share,
        seed=args.seed,
        start_second=args.start_second,
        frames=frames,
        fps=args.fps if frames else None,
        overwrite=args.overwrite,
    )
    boxes = read_source(args.boxes, args.pixels, args.fps)
    val_boxes = read_source(args.val, args.pixels, args.fps) if args.val else None
    summary = prepare_boxes(boxes, val_boxes, settings, lambda rows: watched(rows, 'boxes'))
    return Told(summary.as_dict(), summary.describe())


if __name__ == '__main__':
    sys.exit(run_tool(options(), make))
