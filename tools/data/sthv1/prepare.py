"""Make the lists of Something-Something V1 from its CSV files.

python tools/data/sthv1/prepare.py --frames
python tools/data/sthv1/prepare.py

data/sthv1/annotations/something-something-v1-*.csv and the folders of frames in
data/sthv1/rawframes become data/sthv1/{train,val,test}_rawframes.csv, lines "path total label";
without --frames the videos below data/sthv1/videos become data/sthv1/{train,val,test}.csv, lines
"path label".  Test lines have no label.
"""

import argparse
import json
import sys

from mmvideomae.apis.preparation.command import annotations_of, make_parser, prepare
from mmvideomae.apis.preparation.something import read_sthv1


def parse_args() -> argparse.Namespace:
    return make_parser(__doc__, 'data/sthv1', '.mp4', '{:05}.jpg').parse_args()


def main() -> int:
    args = parse_args()
    try:
        summary = prepare(read_sthv1(annotations_of(args)), args)
    except (ValueError, OSError) as error:
        print(f'prepare.py: {error}', file=sys.stderr)
        return 1
    print(json.dumps(summary.as_dict()) if args.json else summary.describe())
    return 0


if __name__ == '__main__':
    sys.exit(main())
