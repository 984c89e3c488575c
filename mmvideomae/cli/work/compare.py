"""Compare two classifiers, for ``mmvideomae compare``."""

import argparse
import sys
from contextlib import nullcontext
from pathlib import Path

import numpy as np
from rich.console import Console

from mmvideomae.analysis.compare_results import Comparison, compare_results, with_labels
from mmvideomae.apis.class_names import read_class_names
from mmvideomae.cli.tool import Told
from mmvideomae.formats.result_files import read_results
from mmvideomae.visualization.confusion import draw_confusions, draw_gains
from mmvideomae.visualization.files import save_picture


def _write(result: Comparison, titles: tuple[str, str], out: Path, top: int) -> dict[str, str]:
    """Write pictures and table."""
    out.mkdir(parents=True, exist_ok=True)
    scores = (result.first.top1, result.second.top1)
    heads = [f'{title}: {100 * top1:.1f} %' for title, top1 in zip(titles, scores, strict=True)]
    shares = np.array([(one.first, one.second) for one in result.classes]).T
    confusion = draw_confusions(result.confusions, result.names, heads)
    gains = draw_gains([one.name for one in result.classes], shares, titles, top)
    return {
        'confusion': str(save_picture(out / 'confusion.png', confusion)),
        'gains': str(save_picture(out / 'gains.png', gains)),
        'classes': str(result.save_csv(out / 'classes.csv')),
    }


def _as_text(result: Comparison, titles: tuple[str, str]) -> str:
    """The report as text."""
    column = max(map(len, titles))
    lines = [f'{"":<{column}}  {"top-1":>7}  {"top-5":>7}  {"mean class":>10}']
    for title, one in zip(titles, (result.first, result.second), strict=True):
        row = (f'{100 * value:.2f}' for value in (one.top1, one.top5, one.mean_class))
        lines.append(f'{title:<{column}}  {next(row):>7}  {next(row):>7}  {next(row):>10}')
    low, high = (100 * side for side in result.interval)
    gain = 100 * (result.second.top1 - result.first.top1)
    lines += [
        '',
        f'top-1 of {titles[1]} - {titles[0]}: {gain:+.2f} points, 95 % interval '
        f'{low:+.2f} to {high:+.2f}',
        f'of {result.clips} clips {result.only_first} are right with {titles[0]} alone and '
        f'{result.only_second} with {titles[1]} alone: p = {result.p_value:.2g} (McNemar, exact)',
    ]
    changed = [('gain', result.classes[:5]), ('lose', result.classes[::-1][:5])]
    for what, members in changed:
        told = [
            f'{one.name} {100 * one.gain:+.1f}'
            for one in members
            if (one.gain > 0) == (what == 'gain') and one.gain
        ]
        if told:
            lines.append(f'classes that {what} most: {", ".join(told)}')
    return '\n'.join(lines)


def make(args: argparse.Namespace) -> Told:
    if args.top < 1:
        raise ValueError('--top must be positive')
    with Console(stderr=True).status('reading') if sys.stderr.isatty() else nullcontext():
        results = [read_results(path) for path in (args.first, args.second)]
    if args.annotations:
        results = [with_labels(one, args.annotations) for one in results]
    classes = read_class_names(args.classes) if args.classes else ()
    result = compare_results(results[0], results[1], classes)
    first, second = args.names or (Path(args.first).stem, Path(args.second).stem)
    files = _write(result, (first, second), args.out, args.top)
    lines = [_as_text(result, (first, second)), f'written: {", ".join(files.values())}']
    return Told({**result.as_json(), 'files': files}, lines)
