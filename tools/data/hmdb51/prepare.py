"""Make the lists of the three splits of HMDB51 from testTrainMulti_7030_splits.

python tools/data/hmdb51/prepare.py

data/hmdb51/annotations/CLASS_test_split1.txt, also of splits 2 and 3, and the videos below
data/hmdb51/videos become data/hmdb51/split1/{train,val}.csv, lines "path label"; val is the
official test list.
"""

import argparse
import sys

from mmvideomae.cli.prepare import annotations_of, make_parser, prepare, run
from mmvideomae.preparation.lists.hmdb51 import read_hmdb51
from mmvideomae.preparation.lists.writing import Summary


def make(args: argparse.Namespace) -> Summary:
    return prepare(read_hmdb51(annotations_of(args)), args)


def main() -> int:
    return run(make, make_parser(__doc__, 'data/hmdb51', '.avi').parse_args())


if __name__ == '__main__':
    sys.exit(main())
