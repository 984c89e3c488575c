"""Take part of a list, with the same share or number of every class.

mmvideomae data make-subset data/sthv2/train.csv data/sthv2/train_25.csv --fraction 0.25
mmvideomae data make-subset data/ucf101/split1/train.csv data/ucf101/few.csv --per-class 5

Lines are kept unchanged and in order.  With the same seed, a larger part contains every smaller
one, so that runs on 10 and 25 % differ only by the added clips (Figure 4 of VideoMAE).
"""

import argparse
from pathlib import Path

from mmvideomae.cli.options import add_option, train_command
from mmvideomae.cli.tool import Told, run_tool, tool_parser
from mmvideomae.preparation.lists.subset import choose, number_of_each, read_lines, share
from mmvideomae.preparation.lists.writing import write_all


def options() -> argparse.ArgumentParser:
    parser = tool_parser(__doc__)
    add = parser.add_argument
    add('source', type=Path, metavar='LIST', help='complete list')
    add('out', type=Path, metavar='OUT', help='list to write')
    size = parser.add_mutually_exclusive_group(required=True)
    size.add_argument(
        '--fraction',
        type=float,
        help='share of every class, above 0 and at most 1; at least one clip is kept',
    )
    size.add_argument('--per-class', type=int, metavar='CLIPS', help='clips to keep of every class')
    add_option(parser, '--seed', 0, 'seed that selects the clips')
    add(
        '--columns',
        metavar='NAMES',
        help='fields of a line if not "path label", for example "path total label"',
    )
    add('--overwrite', action='store_true', help='replace OUT if it exists')
    return parser


def make(args: argparse.Namespace) -> Told:
    if args.seed < 0:
        raise ValueError(f'--seed must not be negative, got {args.seed}')
    if args.out.resolve() == args.source.resolve():
        raise ValueError(f'{args.out} is the list itself: choose another file for the part')
    lines, labels = read_lines(args.source, args.columns)
    if args.fraction is not None:
        count = share(args.fraction)
    else:
        count = number_of_each(args.per_class, labels)
    chosen = choose(labels, count, args.seed)
    write_all({args.out: [lines[position] for position in chosen]}, args.overwrite)
    summary = {
        'clips': len(chosen),
        'of': len(lines),
        'classes': len({label for label in labels if label is not None}),
        'seed': args.seed,
        'file': str(args.out),
    }
    line = '{clips} of {of} clips of {classes} classes in {file}'.format(**summary)
    return Told(summary, line, following=train_command(ann_file=args.out))


def main() -> int:
    """Run the command line."""
    return run_tool(options(), make)
