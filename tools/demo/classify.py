"""Classify videos with the config and checkpoint of a classifier."""

import sys

from mmvideomae.cli.commands.classify import main

if __name__ == '__main__':
    sys.exit(main())
