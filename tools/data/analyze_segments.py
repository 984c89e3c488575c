"""Propose the sizes of an ActionFormer for a data set from the lengths of its segments."""

import sys

from mmvideomae.cli.commands.data.analyze_segments import main

if __name__ == '__main__':
    sys.exit(main())
