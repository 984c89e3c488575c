"""Evaluate the segments in a file: mAP, recall, and the kinds of errors as a picture."""

import sys

from mmvideomae.cli.commands.eval_segments import main

if __name__ == '__main__':
    sys.exit(main())
