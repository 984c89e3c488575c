"""Make the lists of the three splits of HMDB51 from testTrainMulti_7030_splits.

python tools/data/hmdb51/prepare.py

From data/hmdb51/annotations/CLASS_test_split1.txt and the videos below data/hmdb51/videos, this
makes data/hmdb51/split1/{train,val}.csv, lines "path label", and likewise for splits 2 and 3; val
is the official test list.
"""

import sys

from mmvideomae.cli.prepare import run_prepare
from mmvideomae.preparation.lists.hmdb51 import read_hmdb51

if __name__ == '__main__':
    sys.exit(run_prepare(__doc__, read_hmdb51, 'data/hmdb51', '.avi'))
