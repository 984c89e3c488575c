"""Make training data from a file of segments and a folder of untrimmed videos."""

import sys

from mmvideomae.cli.commands.data.prepare_segments import main

if __name__ == '__main__':
    sys.exit(main())
