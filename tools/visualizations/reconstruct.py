"""Draw how a model reconstructs the hidden part of a video."""

import sys

from mmvideomae.cli.commands.reconstruct import main

if __name__ == '__main__':
    sys.exit(main())
