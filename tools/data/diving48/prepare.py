"""Make the lists of Diving48 from Diving48_V2_train.json and Diving48_V2_test.json.

python tools/data/diving48/prepare.py

From data/diving48/annotations and the videos below data/diving48/videos, this makes
data/diving48/{train,val}.csv, lines "path label"; val is the official test list.
"""

import sys

from mmvideomae.cli.prepare import run_prepare
from mmvideomae.preparation.lists.diving48 import read_diving48

if __name__ == '__main__':
    sys.exit(run_prepare(__doc__, read_diving48, 'data/diving48', '.mp4'))
