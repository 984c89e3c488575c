"""Detect each person's actions in videos with an action detector."""

import sys

from mmvideomae.cli.commands.detect import main

if __name__ == '__main__':
    sys.exit(main())
