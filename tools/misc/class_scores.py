"""Score the classes of whole videos, for detectors that find actions but not their classes."""

import sys

from mmvideomae.cli.commands.class_scores import main

if __name__ == '__main__':
    sys.exit(main())
