"""Serve a web page on this machine that applies models to videos, uploaded or chosen."""

import sys

from mmvideomae.cli.commands.app import main

if __name__ == '__main__':
    sys.exit(main())
