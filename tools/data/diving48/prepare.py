"""Make the lists of Diving48 from Diving48_V2_train.json and Diving48_V2_test.json.

python tools/data/diving48/prepare.py

data/diving48/annotations and the videos below data/diving48/videos become
data/diving48/{train,val}.csv, lines "path label"; val is the official test list.
"""

import argparse
import sys

from mmvideomae.cli.prepare import annotations_of, make_parser, prepare, run
from mmvideomae.preparation.lists.diving48 import read_diving48
from mmvideomae.preparation.lists.writing import Summary


def make(args: argparse.Namespace) -> Summary:
    return prepare(read_diving48(annotations_of(args)), args)


def main() -> int:
    return run(make, make_parser(__doc__, 'data/diving48', '.mp4').parse_args())


if __name__ == '__main__':
    sys.exit(main())
