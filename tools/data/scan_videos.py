"""Find the unreadable videos of a data set."""

import sys

from mmvideomae.cli.commands.data.scan_videos import main

if __name__ == '__main__':
    sys.exit(main())
