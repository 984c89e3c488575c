"""Show masked video pre-training at work on this machine, in minutes."""

import sys

from mmvideomae.cli.commands.demo import main

if __name__ == '__main__':
    sys.exit(main())
