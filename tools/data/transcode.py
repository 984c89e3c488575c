"""Re-encode videos so that clips at random places in them are cheap to read."""

import sys

from mmvideomae.cli.commands.data.transcode import main

if __name__ == '__main__':
    sys.exit(main())
