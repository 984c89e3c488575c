"""Test a checkpoint on the test set of a config."""

import sys

from mmvideomae.cli.commands.test import main

if __name__ == '__main__':
    sys.exit(main())
