"""Make the lists of the three splits of UCF101 from ucfTrainTestlist.

python tools/data/ucf101/prepare.py

data/ucf101/annotations/{classInd,trainlist01,testlist01,...}.txt and the videos below
data/ucf101/videos become data/ucf101/split1/{train,val}.csv, also of splits 2 and 3, lines
"path label"; val is the official test list.
"""

import argparse
import sys

from mmvideomae.cli.prepare import annotations_of, make_parser, prepare, run
from mmvideomae.preparation.lists.ucf101 import read_ucf101
from mmvideomae.preparation.lists.writing import Summary


def make(args: argparse.Namespace) -> Summary:
    return prepare(read_ucf101(annotations_of(args)), args)


def main() -> int:
    return run(make, make_parser(__doc__, 'data/ucf101', '.avi').parse_args())


if __name__ == '__main__':
    sys.exit(main())
