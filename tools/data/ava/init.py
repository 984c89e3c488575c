"""Make a data set for an action detector from your own boxes and videos."""

import sys

from mmvideomae.cli.commands.data.init_boxes import main

if __name__ == '__main__':
    sys.exit(main())
