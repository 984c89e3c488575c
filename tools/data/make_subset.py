"""Take part of a list, with the same share or number of every class."""

import sys

from mmvideomae.cli.commands.data.make_subset import main

if __name__ == '__main__':
    sys.exit(main())
