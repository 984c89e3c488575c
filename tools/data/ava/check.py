"""Check a data set of boxes in AVA's layout for problems.

python tools/data/ava/check.py CONFIG.py
python tools/data/ava/check.py ANN.csv LABEL_MAP.pbtxt --videos FOLDER --proposals BOXES.pkl

For a config, this checks all lists that it trains, validates and tests on: ids, seconds compared
with the lengths of the videos, boxes, persons, proposals, excluded key frames and whether all
videos can be read. It prints counts, the balance of the classes and all problems, with examples.
The exit status is 1 if there are errors (training or a test would fail, or learn the wrong thing),
and 0 if there are only warnings.
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
    add('--videos', metavar='FOLDER', help='folder of videos or of folders of frames')
    add('--table', metavar='CSV', help='paths of videos: lines video,path,start_second[,fps]')
    add('--proposals', metavar='FILE', help="a detector's boxes")
    add('--proposal-images', metavar='JSON', help='table of images, for proposals with ids only')
    add(
        '--min-box-score',
        type=float,
        default=0.0,
        metavar='SCORE',
        help='ignore proposals with lower scores (default: 0)',
    )
    add('--excluded', metavar='CSV', help='key frames to ignore')
    add('--num-classes', type=int, metavar='K', help='largest id (default: that of LABEL_MAP)')
    add_places(parser)
    add('--workers', type=int, default=os.cpu_count() or 1, help='processes (default: all cores)')
    add_option(
        parser,
        '--timeout',
        120.0,
        'a video that takes longer counts as unreadable',
        metavar='SECONDS',
    )
    return parser


def sets_asked(args: argparse.Namespace) -> list[BoxSet]:
    """The lists to check.

    Raises:
        ValueError: The command line is wrong.
    """
    if args.label_map is None:
        if args.source.suffix != '.py':
            raise ValueError(f'{args.source} is not a config (.py), and a list needs a LABEL_MAP')
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
    """Check the lists, with a progress bar while videos are read."""
    probe = Probe(args.workers, args.timeout, lambda items, n: watched(items, 'videos', n))
    return check_sets(sets_asked(args), probe)


def tables_of(reports: Sequence[BoxReport]) -> Iterator[Table]:
    """Counts for each list, and the number of rows of each class in each list."""
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
