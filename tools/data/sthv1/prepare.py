"""Make the lists of Something-Something V1 from its CSV files."""

import sys

from mmvideomae.cli.commands.data.sthv1 import main

if __name__ == '__main__':
    sys.exit(main())
