"""Check a data set of boxes, for ``mmvideomae data check-boxes``."""

import argparse
from collections.abc import Iterator, Sequence

from rich.markup import escape
from rich.table import Table

from mmvideomae.cli.options import places_of
from mmvideomae.cli.tool import Told, watched
from mmvideomae.configs import read_config
from mmvideomae.preparation.boxes.check import Probe, check_sets, sets_of
from mmvideomae.preparation.boxes.report import BoxReport, BoxSet


def _sets_asked(args: argparse.Namespace) -> list[BoxSet]:
    """The lists to _check.

    Raises:
        ValueError: The command line is wrong.
    """
    if args.label_map is None:
        if args.source.suffix != '.py':
            raise ValueError(f'{args.source} is not a config (.py), and a list needs a LABEL_MAP')
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


def _check(args: argparse.Namespace) -> list[BoxReport]:
    """Check the lists, with a progress bar while videos are read."""
    probe = Probe(args.workers, args.timeout, lambda items, n: watched(items, 'videos', n))
    return check_sets(_sets_asked(args), probe)


def _tables_of(reports: Sequence[BoxReport]) -> Iterator[Table]:
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
        shares: list[str] = []
        for report in reports:
            rows = {each: count for each, _, count in report.classes}
            count, total = rows.get(number, 0), max(1, sum(rows.values()))
            shares += [f'{count:,}', f'{count / total:.1%}']
        classes.add_row(str(number), escape(name), *shares)
    yield classes


def _as_text(reports: Sequence[BoxReport]) -> Iterator[str | Table]:
    """Tables, then all problems."""
    for table in _tables_of(reports):
        yield table
        yield ''
    for report in reports:
        for problem in report.problems:
            yield f'{problem.level}: {report.name}: {problem.kind}: {problem.count}'
            yield from (f'  {example}' for example in problem.examples)
            if problem.count > len(problem.examples):
                yield '  ...'
    yield '{} errors, {} warnings'.format(*_totals(reports))


def _totals(reports: Sequence[BoxReport]) -> tuple[int, int]:
    """Numbers of errors and warnings."""
    errors, warnings = (
        sum(report.number(level) for report in reports) for level in ('error', 'warning')
    )
    return errors, warnings


def make(args: argparse.Namespace) -> Told:
    reports = _check(args)
    errors, warnings = _totals(reports)
    lists = [report.as_dict() for report in reports]
    summary = {'errors': errors, 'warnings': warnings, 'lists': lists}
    return Told(summary, _as_text(reports), status=1 if errors else 0)
