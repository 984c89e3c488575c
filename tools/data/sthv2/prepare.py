"""Make the lists of Something-Something V2 from its JSON files.

python tools/data/sthv2/prepare.py
python tools/data/sthv2/prepare.py --frames

data/sthv2/annotations/something-something-v2-*.json and the videos below data/sthv2/videos become
data/sthv2/{train,val,test}.csv, lines "path label"; with --frames the folders of frames in
data/sthv2/rawframes become data/sthv2/{train,val,test}_rawframes.csv, lines "path total label".
Test lines have no label.
"""

import argparse
import json
import sys

from mmvideomae.apis.preparation.command import annotations_of, make_parser, prepare
from mmvideomae.apis.preparation.something import read_sthv2


def parse_args() -> argparse.Namespace:
    return make_parser(__doc__, 'data/sthv2', '.webm', 'img_{:05}.jpg').parse_args()


def main() -> int:
    args = parse_args()
    try:
        summary = prepare(read_sthv2(annotations_of(args)), args)
    except (ValueError, OSError) as error:
        print(f'prepare.py: {error}', file=sys.stderr)
        return 1
    print(json.dumps(summary.as_dict()) if args.json else summary.describe())
    return 0


if __name__ == '__main__':
    sys.exit(main())
