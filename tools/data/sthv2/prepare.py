"""Make the lists of Something-Something V2 from its JSON files.

python tools/data/sthv2/prepare.py
python tools/data/sthv2/prepare.py --frames

data/sthv2/annotations/something-something-v2-*.json and the videos below data/sthv2/videos become
data/sthv2/{train,val,test}.csv, lines "path label"; with --frames the folders of frames in
data/sthv2/rawframes become data/sthv2/{train,val,test}_rawframes.csv, lines "path total label".
Test lines have no label.
"""

import argparse
import sys

from mmvideomae.cli.prepare import annotations_of, make_parser, prepare, run
from mmvideomae.preparation.lists.something import read_sthv2
from mmvideomae.preparation.lists.writing import Summary


def make(args: argparse.Namespace) -> Summary:
    return prepare(read_sthv2(annotations_of(args)), args)


def main() -> int:
    return run(make, make_parser(__doc__, 'data/sthv2', '.webm', 'img_{:05}.jpg').parse_args())


if __name__ == '__main__':
    sys.exit(main())
