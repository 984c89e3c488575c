"""Convert weight files of other projects to our format, or ours to theirs."""

import sys

from mmvideomae.cli.commands.convert import main

if __name__ == '__main__':
    sys.exit(main())
