"""Make the lists of Diving48 from Diving48_V2_train.json and Diving48_V2_test.json.

python tools/data/diving48/prepare.py

data/diving48/annotations and the videos below data/diving48/videos become
data/diving48/{train,val}.csv, lines "path label"; val is the official test list.
"""

import argparse
import json
import sys

from mmvideomae.apis.preparation.command import annotations_of, make_parser, prepare
from mmvideomae.apis.preparation.diving48 import read_diving48


def parse_args() -> argparse.Namespace:
    return make_parser(__doc__, 'data/diving48', '.mp4').parse_args()


def main() -> int:
    args = parse_args()
    try:
        summary = prepare(read_diving48(annotations_of(args)), args)
    except (ValueError, OSError) as error:
        print(f'prepare.py: {error}', file=sys.stderr)
        return 1
    print(json.dumps(summary.as_dict()) if args.json else summary.describe())
    return 0


if __name__ == '__main__':
    sys.exit(main())
