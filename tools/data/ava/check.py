"""Look through a data set of boxes in AVA's layout for everything that is wrong with it.

python tools/data/ava/check.py CONFIG.py
python tools/data/ava/check.py ANN.csv LABEL_MAP.pbtxt --videos FOLDER --proposals BOXES.pkl

Of a config all lists are checked that it trains, validates and tests on. Checked are ids, seconds
against the lengths of the videos, boxes, persons, proposals, excluded key frames and whether all
videos can be read. Prints numbers, the balance of the classes and all problems, with some examples.
The exit status is 1 if there are errors (training or a test would fail, or learn what is not
meant), and 0 with warnings alone.
"""

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.markup import escape
from rich.table import Table

from mmvideomae.cli.options import add_option, add_places, places_of
from mmvideomae.cli.tool import Told, run_tool, tool_parser, watched
from mmvideomae.configs import read_config
from mmvideomae.preparation.boxes.check import Probe, check_sets, sets_of
from mmvideomae.preparation.boxes.report import BoxReport, BoxSet


def options() -> argparse.ArgumentParser:
    parser = tool_parser(__doc__)
    add = parser.add_argument
    add('source', type=Path, metavar='CONFIG_OR_ANN', help='a config (.py), or a list of boxes')
    add('label_map', type=Path, nargs='?', metavar='LABEL_MAP', help='names of the ids, for a list')
    add('--videos', metavar='FOLDER', help='of the videos or folders of frames')
    add('--table', metavar='CSV', help='where videos lie: lines video,path,start_second[,fps]')
    add('--proposals', metavar='FILE', help='boxes of a detector')
    add('--proposal-images', metavar='JSON', help='table of images for proposals with ids alone')
    add(
        '--min-box-score',
        type=float,
        default=0.0,
        metavar='SCORE',
        help='proposals below are not looked at (default: 0)',
    )
    add('--excluded', metavar='CSV', help='key frames that do not count')
    add('--num-classes', type=int, metavar='K', help='largest id (default: that of LABEL_MAP)')
    add_places(parser)
    add('--workers', type=int, default=os.cpu_count() or 1, help='processes (default: all cores)')
    add_option(
        parser, '--timeout', 120.0, 'a video that takes longer cannot be read', metavar='SECONDS'
    )
    return parser


def sets_asked(args: argparse.Namespace) -> list[BoxSet]:
    """The lists to check; ``ValueError`` says what is wrong with the command line."""
    if args.label_map is None:
        if args.source.suffix != '.py':
            raise ValueError(f'{args.source} is no config (.py), and a list needs a LABEL_MAP')
        if not args.source.is_file():
            raise ValueError(f'no such config: {args.source}')
        return sets_of(read_config(args.source))
    return [
        BoxSet(
            name=args.source.stem,
            ann_file=str(args.source),
            label_map=str(args.label_map),
            videos=places_of(args, args.videos or '', args.table),
            num_classes=args.num_classes,
            excluded_file=args.excluded,
            proposal_file=args.proposals,
            proposal_images=args.proposal_images,
            min_box_score=args.min_box_score,
        )
    ]


def check(args: argparse.Namespace) -> list[BoxReport]:
    """Look through the lists, with a bar while videos are read."""
    probe = Probe(args.workers, args.timeout, lambda items, n: watched(items, 'videos', n))
    return check_sets(sets_asked(args), probe)


def tables_of(reports: Sequence[BoxReport]) -> Iterator[Table]:
    """Numbers of each list, and rows of each class in each list."""
    numbers = Table(box=None)
    numbers.add_column('list')
    kinds = list(dict.fromkeys(kind for report in reports for kind in report.counts))
    for kind in kinds:
        numbers.add_column(kind, justify='right')
    for report in reports:
        cells = (report.counts.get(kind, '') for kind in kinds)
        numbers.add_row(report.name, *(f'{n:,}' if n != '' else '' for n in cells))
    yield numbers
    classes = Table(box=None)
    classes.add_column('id', justify='right')
    classes.add_column('class')
    for report in reports:
        classes.add_column(f'rows in {report.name}', justify='right')
        classes.add_column('share', justify='right')
    names = {number: name for report in reports for number, name, _ in report.classes}
    for number, name in sorted(names.items()):
        cells = []
        for report in reports:
            rows = {each: count for each, _, count in report.classes}
            count, total = rows.get(number, 0), max(1, sum(rows.values()))
            cells += [f'{count:,}', f'{count / total:.1%}']
        classes.add_row(str(number), escape(name), *cells)
    yield classes


def as_text(reports: Sequence[BoxReport]) -> Iterator[str | Table]:
    """Tables, then all problems."""
    for table in tables_of(reports):
        yield table
        yield ''
    for report in reports:
        for problem in report.problems:
            yield f'{problem.level}: {report.name}: {problem.kind}: {problem.count}'
            yield from (f'  {example}' for example in problem.examples)
            if problem.count > len(problem.examples):
                yield '  ...'
    yield '{} errors, {} warnings'.format(*totals(reports))


def totals(reports: Sequence[BoxReport]) -> tuple[int, int]:
    """Numbers of errors and warnings."""
    errors, warnings = (
        sum(report.number(level) for report in reports) for level in ('error', 'warning')
    )
    return errors, warnings


def make(args: argparse.Namespace) -> Told:
    reports = check(args)
    errors, warnings = totals(reports)
    lists = [report.as_dict() for report in reports]
    summary = {'errors': errors, 'warnings': warnings, 'lists': lists}
    return Told(summary, as_text(reports), status=1 if errors else 0)


if __name__ == '__main__':
    sys.exit(run_tool(options(), make))
