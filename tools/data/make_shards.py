"""Pack videos into tar files, from which training reads at random."""

import sys

from mmvideomae.cli.commands.data.make_shards import main

if __name__ == '__main__':
    sys.exit(main())
