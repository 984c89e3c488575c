"""Compare two classifiers on the same test set."""

import sys

from mmvideomae.cli.commands.compare import main

if __name__ == '__main__':
    sys.exit(main())
