"""Extract features of untrimmed videos for temporal detection."""

import sys

from mmvideomae.cli.commands.features import main

if __name__ == '__main__':
    sys.exit(main())
