"""Make the lists of Something-Something V2 from its JSON files."""

import sys

from mmvideomae.cli.commands.data.sthv2 import main

if __name__ == '__main__':
    sys.exit(main())
