"""Make the lists of the three splits of HMDB51 from testTrainMulti_7030_splits."""

import sys

from mmvideomae.cli.commands.data.hmdb51 import main

if __name__ == '__main__':
    sys.exit(main())
