"""Make the lists of Diving48 from Diving48_V2_train.json and Diving48_V2_test.json.

mmvideomae data diving48

From data/diving48/annotations and the videos below data/diving48/videos, this makes
data/diving48/{train,val}.csv, lines "path label"; val is the official test list.
"""

import argparse

from mmvideomae.cli.prepare import annotations_of, prepare, prepare_parser
from mmvideomae.cli.tool import Told, run_tool
from mmvideomae.preparation.lists.diving48 import read_diving48

_RECIPE = (
    'recognition/videomae/videomae_vit-base-p16_8xb16-16x4x1-100e_diving48_from-kinetics400.py'
)


def options() -> argparse.ArgumentParser:
    return prepare_parser(__doc__, 'data/diving48', '.mp4')


def make(args: argparse.Namespace) -> Told:
    return prepare(read_diving48(annotations_of(args)), args, _RECIPE)


def main() -> int:
    """Run the command line."""
    return run_tool(options(), make)
