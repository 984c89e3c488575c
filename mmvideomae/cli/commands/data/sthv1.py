"""Make the lists of Something-Something V1 from its CSV files.

mmvideomae data sthv1 --frames
mmvideomae data sthv1

From data/sthv1/annotations/something-something-v1-*.csv and the folders of frames in
data/sthv1/rawframes, this makes data/sthv1/{train,val,test}_rawframes.csv, lines "path total
label"; without --frames, it makes data/sthv1/{train,val,test}.csv, lines "path label", from the
videos below data/sthv1/videos.  Test lines have no label.
"""

import argparse

from mmvideomae.cli.prepare import annotations_of, prepare, prepare_parser
from mmvideomae.cli.tool import Told, run_tool
from mmvideomae.preparation.lists.something import read_sthv1

_RECIPE = 'recognition/videomaev2/videomaev2_vit-huge-p16_32xb4-1x1x16-20e_sthv1.py'  # on frames


def options() -> argparse.ArgumentParser:
    return prepare_parser(__doc__, 'data/sthv1', '.mp4', '{:05}.jpg')


def make(args: argparse.Namespace) -> Told:
    return prepare(read_sthv1(annotations_of(args)), args, _RECIPE if args.frames else '')


def main() -> int:
    """Run the command line."""
    return run_tool(options(), make)
