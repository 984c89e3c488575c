"""Make the lists of the three splits of UCF101 from ucfTrainTestlist.

mmvideomae data ucf101

From data/ucf101/annotations/{classInd,trainlist01,testlist01,...}.txt and the videos below
data/ucf101/videos, this makes data/ucf101/split1/{train,val}.csv, lines "path label", and likewise
for splits 2 and 3; val is the official test list.
"""

import argparse

from mmvideomae.cli.prepare import annotations_of, prepare, prepare_parser
from mmvideomae.cli.tool import Told, run_tool
from mmvideomae.preparation.lists.ucf101 import read_ucf101

_RECIPE = 'pretrain/videomae/videomae_vit-base-p16_8xb24-16x4x1-3200e_ucf101.py'


def options() -> argparse.ArgumentParser:
    return prepare_parser(__doc__, 'data/ucf101', '.avi')


def make(args: argparse.Namespace) -> Told:
    return prepare(read_ucf101(annotations_of(args)), args, _RECIPE)


def main() -> int:
    """Run the command line."""
    return run_tool(options(), make)
