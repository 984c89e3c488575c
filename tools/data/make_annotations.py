"""Make annotation lists for a folder of videos."""

import sys

from mmvideomae.cli.commands.data.make_annotations import main

if __name__ == '__main__':
    sys.exit(main())
