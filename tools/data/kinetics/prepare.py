"""Make the lists of Kinetics-400, -600 or -700 from the official CSV files.

python tools/data/kinetics/prepare.py 400

data/kinetics400/annotations/{train,val,test}.csv and the videos below data/kinetics400/videos
become data/kinetics400/{train,val,test}.csv, lines "path label", and classes.txt, a class name
per label.  Clips without a file are left out and named in missing.txt.
"""

import argparse
import sys
from pathlib import Path

from mmvideomae.cli.prepare import annotations_of, make_parser, prepare, run
from mmvideomae.preparation.lists.kinetics import FILE_NAME, read_kinetics
from mmvideomae.preparation.lists.writing import Summary


def parse_args() -> argparse.Namespace:
    parser = make_parser(__doc__, 'data/kinetics<VERSION>', '.mp4')
    parser.add_argument(
        'version', choices=('400', '600', '700'), metavar='VERSION', help='400, 600 or 700'
    )
    parser.add_argument(
        '--file-name',
        default=FILE_NAME,
        metavar='NAME',
        help='name of the file of a clip, without extension (default: %(default)s)',
    )
    parser.add_argument(
        '--class-folders',
        action='store_true',
        help='with --no-check-files: the files lie in folders named as their classes',
    )
    args = parser.parse_args()
    if args.root == parser.get_default('root'):
        args.root = Path(f'data/kinetics{args.version}')
    return args


def make(args: argparse.Namespace) -> Summary:
    """Write the lists; a note on stderr where classes are lacking."""
    videos = read_kinetics(annotations_of(args), args.version, args.file_name, args.class_folders)
    summary = prepare(videos, args)
    if len(videos.classes) != int(args.version):
        print(
            f'prepare.py: the training file has {len(videos.classes)} classes, not {args.version}: '
            'labels differ from those of the whole data set',
            file=sys.stderr,
        )
    return summary


def main() -> int:
    return run(make, parse_args())


if __name__ == '__main__':
    sys.exit(main())
