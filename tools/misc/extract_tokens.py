"""Extract the codes of videos once, so that VIMPAC learns from files instead of pixels."""

import sys

from mmvideomae.cli.commands.tokens import main

if __name__ == '__main__':
    sys.exit(main())
