"""Draw videos whose codes are hidden in blocks and one by one, and restored from neighbours."""

import sys

from mmvideomae.cli.commands.masked_codes import main

if __name__ == '__main__':
    sys.exit(main())
