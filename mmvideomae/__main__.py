"""``python -m mmvideomae``: the command of that name."""

import sys

from mmvideomae.cli.main import main

if __name__ == '__main__':
    sys.exit(main())
