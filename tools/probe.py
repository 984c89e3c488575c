"""Measure a frozen encoder by k-NN, a linear probe and V-JEPA's attentive probe."""

import sys

from mmvideomae.cli.commands.probe import main

if __name__ == '__main__':
    sys.exit(main())
