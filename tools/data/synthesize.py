"""Synthesize small labelled video data for first experiments and tests."""

import sys

from mmvideomae.cli.commands.data.synthesize import main

if __name__ == '__main__':
    sys.exit(main())
