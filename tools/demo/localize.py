"""Find which actions happen in videos, and when, with a temporal detector."""

import sys

from mmvideomae.cli.commands.localize import main

if __name__ == '__main__':
    sys.exit(main())
