"""Forecast the time, cores, memory and disk space of a training, from its first seconds."""

import sys

from mmvideomae.cli.commands.forecast import main

if __name__ == '__main__':
    sys.exit(main())
