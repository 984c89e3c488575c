"""Make the lists of Diving48 from Diving48_V2_train.json and Diving48_V2_test.json."""

import sys

from mmvideomae.cli.commands.data.diving48 import main

if __name__ == '__main__':
    sys.exit(main())
