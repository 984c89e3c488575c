"""Make the lists of the three splits of HMDB51 from testTrainMulti_7030_splits.

python tools/data/hmdb51/prepare.py

data/hmdb51/annotations/CLASS_test_split1.txt, also of splits 2 and 3, and the videos below
data/hmdb51/videos become data/hmdb51/split1/{train,val}.csv, lines "path label"; val is the
official test list.
"""

import argparse
import json
import sys

from mmvideomae.apis.preparation.command import annotations_of, make_parser, prepare
from mmvideomae.apis.preparation.hmdb51 import read_hmdb51


def parse_args() -> argparse.Namespace:
    return make_parser(__doc__, 'data/hmdb51', '.avi').parse_args()


def main() -> int:
    args = parse_args()
    try:
        summary = prepare(read_hmdb51(annotations_of(args)), args)
    except (ValueError, OSError) as error:
        print(f'prepare.py: {error}', file=sys.stderr)
        return 1
    print(json.dumps(summary.as_dict()) if args.json else summary.describe())
    return 0


if __name__ == '__main__':
    sys.exit(main())
