"""List public checkpoints, show what is known about one, or download it."""

import sys

from mmvideomae.cli.commands.weights import main

if __name__ == '__main__':
    sys.exit(main())
