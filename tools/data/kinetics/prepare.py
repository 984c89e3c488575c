"""Make the lists of Kinetics-400, -600 or -700 from the official CSV files."""

import sys

from mmvideomae.cli.commands.data.kinetics import main

if __name__ == '__main__':
    sys.exit(main())
