"""Evaluate the boxes in a file as AVA does: frame mAP, and each class as a table and a picture."""

import sys

from mmvideomae.cli.commands.eval_boxes import main

if __name__ == '__main__':
    sys.exit(main())
