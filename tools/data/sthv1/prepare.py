"""Make the lists of Something-Something V1 from its CSV files.

python tools/data/sthv1/prepare.py --frames
python tools/data/sthv1/prepare.py

data/sthv1/annotations/something-something-v1-*.csv and the folders of frames in
data/sthv1/rawframes become data/sthv1/{train,val,test}_rawframes.csv, lines "path total label";
without --frames the videos below data/sthv1/videos become data/sthv1/{train,val,test}.csv, lines
"path label".  Test lines have no label.
"""

import argparse
import sys

from mmvideomae.cli.prepare import annotations_of, make_parser, prepare, run
from mmvideomae.preparation.lists.something import read_sthv1
from mmvideomae.preparation.lists.writing import Summary


def make(args: argparse.Namespace) -> Summary:
    return prepare(read_sthv1(annotations_of(args)), args)


def main() -> int:
    return run(make, make_parser(__doc__, 'data/sthv1', '.mp4', '{:05}.jpg').parse_args())


if __name__ == '__main__':
    sys.exit(main())
