"""Make the lists of Something-Something V2 from its JSON files.

python tools/data/sthv2/prepare.py
python tools/data/sthv2/prepare.py --frames

From data/sthv2/annotations/something-something-v2-*.json and the videos below data/sthv2/videos,
this makes data/sthv2/{train,val,test}.csv, lines "path label"; with --frames, it makes
data/sthv2/{train,val,test}_rawframes.csv, lines "path total label", from the folders of frames in
data/sthv2/rawframes.  Test lines have no label.
"""

import sys

from mmvideomae.cli.prepare import run_prepare
from mmvideomae.preparation.lists.something import read_sthv2

if __name__ == '__main__':
    sys.exit(run_prepare(__doc__, read_sthv2, 'data/sthv2', '.webm', 'img_{:05}.jpg'))
