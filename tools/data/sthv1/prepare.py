"""Make the lists of Something-Something V1 from its CSV files.

python tools/data/sthv1/prepare.py --frames
python tools/data/sthv1/prepare.py

From data/sthv1/annotations/something-something-v1-*.csv and the folders of frames in
data/sthv1/rawframes, this makes data/sthv1/{train,val,test}_rawframes.csv, lines "path total
label"; without --frames, it makes data/sthv1/{train,val,test}.csv, lines "path label", from the
videos below data/sthv1/videos.  Test lines have no label.
"""

import sys

from mmvideomae.cli.prepare import run_prepare
from mmvideomae.preparation.lists.something import read_sthv1

if __name__ == '__main__':
    sys.exit(run_prepare(__doc__, read_sthv1, 'data/sthv1', '.mp4', '{:05}.jpg'))
