"""Make the lists of the three splits of UCF101 from ucfTrainTestlist."""

import sys

from mmvideomae.cli.commands.data.ucf101 import main

if __name__ == '__main__':
    sys.exit(main())
