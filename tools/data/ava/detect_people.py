"""Find people in the key frames of videos with an mmdet detector, for a proposal file."""

import sys

from mmvideomae.cli.commands.data.detect_people import main

if __name__ == '__main__':
    sys.exit(main())
