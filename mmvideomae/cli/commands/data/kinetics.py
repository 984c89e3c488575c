"""Make the lists of Kinetics-400, -600 or -700 from the official CSV files.

mmvideomae data kinetics 400

From data/kinetics400/annotations/{train,val,test}.csv and the videos below data/kinetics400/videos,
this makes data/kinetics400/{train,val,test}.csv, lines "path label", and classes.txt, a class name
per label.  Clips without a file are left out and named in missing.txt.
"""

import argparse
from pathlib import Path

from mmvideomae.cli.prepare import add_kinetics_files, annotations_of, prepare, prepare_parser
from mmvideomae.cli.tool import Told, run_tool
from mmvideomae.preparation.lists.kinetics import read_kinetics

_ROOT = 'data/kinetics<VERSION>'

_RECIPES = {
    '400': 'pretrain/videomae/videomae_vit-base-p16_64xb32-16x4x1-800e_kinetics400.py',
    '600': 'recognition/videomaev2/videomaev2_vit-huge-p16_32xb4-16x4x1-40e_kinetics600.py',
    '700': 'pretrain/videomae/videomae_vit-large-p16_64xb8-16x4x1-1600e_kinetics700.py',
}


def options() -> argparse.ArgumentParser:
    parser = prepare_parser(__doc__, _ROOT, '.mp4')
    parser.add_argument(
        'version', choices=('400', '600', '700'), metavar='VERSION', help='400, 600 or 700'
    )
    add_kinetics_files(parser)
    return parser


def make(args: argparse.Namespace) -> Told:
    args.usual = Path(f'data/kinetics{args.version}')
    if args.root == Path(_ROOT):
        args.root = args.usual
    videos = read_kinetics(annotations_of(args), args.version, args.file_name, args.class_folders)
    notes = []
    if len(videos.classes) != int(args.version):
        notes.append(
            f'the training file has {len(videos.classes)} classes, not {args.version}: labels '
            'differ from those of the complete data set'
        )
    return prepare(videos, args, _RECIPES[args.version], notes)


def main() -> int:
    """Run the command line."""
    return run_tool(options(), make)
