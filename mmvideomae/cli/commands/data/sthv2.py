"""Make the lists of Something-Something V2 from its JSON files.

mmvideomae data sthv2
mmvideomae data sthv2 --frames

From data/sthv2/annotations/something-something-v2-*.json and the videos below data/sthv2/videos,
this makes data/sthv2/{train,val,test}.csv, lines "path label"; with --frames, it makes
data/sthv2/{train,val,test}_rawframes.csv, lines "path total label", from the folders of frames in
data/sthv2/rawframes.  Test lines have no label.
"""

import argparse

from mmvideomae.cli.prepare import annotations_of, prepare, prepare_parser
from mmvideomae.cli.tool import Told, run_tool
from mmvideomae.preparation.lists.something import read_sthv2

_RECIPE = 'pretrain/videomae/videomae_vit-base-p16_64xb32-16x2x1-800e_sthv2'


def options() -> argparse.ArgumentParser:
    return prepare_parser(__doc__, 'data/sthv2', '.webm', 'img_{:05}.jpg')


def make(args: argparse.Namespace) -> Told:
    return prepare(
        read_sthv2(annotations_of(args)),
        args,
        _RECIPE + ('-rawframes.py' if args.frames else '.py'),
    )


def main() -> int:
    """Run the command line."""
    return run_tool(options(), make)
