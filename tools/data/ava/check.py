"""Check a data set of boxes in AVA's layout for problems."""

import sys

from mmvideomae.cli.commands.data.check_boxes import main

if __name__ == '__main__':
    sys.exit(main())
