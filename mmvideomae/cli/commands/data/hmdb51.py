"""Make the lists of the three splits of HMDB51 from testTrainMulti_7030_splits.

mmvideomae data hmdb51

From data/hmdb51/annotations/CLASS_test_split1.txt and the videos below data/hmdb51/videos, this
makes data/hmdb51/split1/{train,val}.csv, lines "path label", and likewise for splits 2 and 3; val
is the official test list.
"""

import argparse

from mmvideomae.cli.prepare import annotations_of, prepare, prepare_parser
from mmvideomae.cli.tool import Told, run_tool
from mmvideomae.preparation.lists.hmdb51 import read_hmdb51

_RECIPE = 'pretrain/videomae/videomae_vit-base-p16_8xb24-16x2x1-4800e_hmdb51.py'


def options() -> argparse.ArgumentParser:
    return prepare_parser(__doc__, 'data/hmdb51', '.avi')


def make(args: argparse.Namespace) -> Told:
    return prepare(read_hmdb51(annotations_of(args)), args, _RECIPE)


def main() -> int:
    """Run the command line."""
    return run_tool(options(), make)
