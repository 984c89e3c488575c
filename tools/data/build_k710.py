"""Merge Kinetics-400, -600 and -700 into Kinetics-710, as VideoMAE V2 does."""

import sys

from mmvideomae.cli.commands.data.build_k710 import main

if __name__ == '__main__':
    sys.exit(main())
