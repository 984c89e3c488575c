"""Make the lists of the three splits of UCF101 from ucfTrainTestlist.

python tools/data/ucf101/prepare.py

From data/ucf101/annotations/{classInd,trainlist01,testlist01,...}.txt and the videos below
data/ucf101/videos, this makes data/ucf101/split1/{train,val}.csv, lines "path label", and likewise
for splits 2 and 3; val is the official test list.
"""

import sys

from mmvideomae.cli.prepare import run_prepare
from mmvideomae.preparation.lists.ucf101 import read_ucf101

if __name__ == '__main__':
    sys.exit(run_prepare(__doc__, read_ucf101, 'data/ucf101', '.avi'))
