"""Count the parameters and multiply-accumulates of a config's model, as in the papers."""

import sys

from mmvideomae.cli.commands.flops import main

if __name__ == '__main__':
    sys.exit(main())
