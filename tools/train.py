"""Train, pre-train or fine-tune the model that a config describes."""

import sys

from mmvideomae.cli.commands.train import main

if __name__ == '__main__':
    sys.exit(main())
