#!/usr/bin/env python3
"""Report what is installed and, for each problem, the command that fixes it."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # it may not be installed
from mmvideomae.cli.commands.doctor import main

if __name__ == '__main__':
    sys.exit(main())
