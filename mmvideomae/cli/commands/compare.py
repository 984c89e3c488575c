"""Compare two classifiers on the same test set.

mmvideomae test CONFIG_A CKPT_A --dump a.pkl
mmvideomae test CONFIG_B CKPT_B --dump b.pkl
mmvideomae compare a.pkl b.pkl --classes classes.txt --out work_dirs/a_b

Prints the accuracy of both and whether the difference may be due to chance, and writes
OUT/confusion.png, both confusion matrices; OUT/gains.png, the classes that gain and lose most from
A to B; and OUT/classes.csv, a table of all classes.
"""

import argparse
from pathlib import Path

from mmvideomae.cli.inputs import existing_path
from mmvideomae.cli.options import add_option
from mmvideomae.cli.tool import run_tool, tool_parser


def options() -> argparse.ArgumentParser:
    parser = tool_parser(__doc__)
    add = parser.add_argument
    add('first', type=existing_path, metavar='A', help='predictions of the first classifier, a.pkl')
    add(
        'second',
        type=existing_path,
        metavar='B',
        help='predictions of the second classifier, b.pkl',
    )
    add('--classes', metavar='FILE', help='class names, one per line (default: numbers)')
    add(
        '--annotations',
        metavar='LIST',
        help='list of the test set, if the predictions lack its labels',
    )
    add(
        '--names',
        nargs=2,
        metavar=('A', 'B'),
        help='names of the classifiers in the pictures (default: names of the files)',
    )
    add('--top', type=int, default=20, help='classes on each side of gains.png (default: 20)')
    add_option(parser, '--out', Path('work_dirs/compare_results'), 'folder to write')
    return parser


def main() -> int:
    """Run the command line."""
    return run_tool(options(), 'mmvideomae.cli.work.compare')
