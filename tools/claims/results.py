"""Turn results of the claims' runs into tables and a curve."""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import fmean, stdev

from mmvideomae.visualization.canvas import new_figure

NAMES = {
    'scratch': 'from scratch',
    'pretrained': 'pre-trained',
    'teacher': 'teacher',
    'probe_random': 'probe of random weights',
    'probe_pretrained': 'probe of pre-trained weights',
    'student_labels': 'student, labels alone',
    'student_distilled': 'student, distilled',
}
Pair = tuple[str, str]
"""Two arms to compare, the one that is expected to be worse first."""
PRETRAINING: Pair = ('scratch', 'pretrained')
PROBING: Pair = ('probe_random', 'probe_pretrained')
TEACHING: Pair = ('student_labels', 'teacher')
DISTILLATION: Pair = ('student_labels', 'student_distilled')


@dataclass(frozen=True)
class Result:
    """One trained classifier; accuracies in percent."""

    arm: str
    labels: int
    seed: int
    lr: float
    val: float
    test: float
    seconds: float


@dataclass(frozen=True)
class Cell:
    """One arm at one number of labels: the learning rate and the test accuracies by seed."""

    lr: float
    tests: tuple[float, ...]

    @property
    def mean(self) -> float:
        return fmean(self.tests)

    @property
    def deviation(self) -> float:
        """Sample standard deviation; 0 for a single seed."""
        return stdev(self.tests) if len(self.tests) > 1 else 0.0


@dataclass(frozen=True)
class Row:
    """Both arms of a pair at one number of labels."""

    labels: int
    first: Cell
    second: Cell

    @property
    def gaps(self) -> tuple[float, ...]:
        """The second minus the first, seed by seed, in points."""
        pairs = zip(self.second.tests, self.first.tests, strict=True)
        return tuple(second - first for second, first in pairs)


def best_lr(results: Iterable[Result], arm: str, labels: int, seed: int) -> float:
    """The learning rate with the best validation accuracy; on a tie, the smaller one.

    Raises:
        ValueError: if there is no such result.
    """
    tried = [r for r in results if (r.arm, r.labels, r.seed) == (arm, labels, seed)]
    if not tried:
        raise ValueError(f'no result of {arm} with {labels} labels and seed {seed}')
    return min(tried, key=lambda result: (-result.val, result.lr)).lr


def summarise(results: Sequence[Result], pair: Pair) -> list[Row]:
    """Rows by number of labels; every seed at the learning rate chosen with the first one.

    Numbers of labels for which an arm lacks a seed of the other are left out.
    """
    rows = []
    for labels in sorted({result.labels for result in results}):
        cells, seeds = {}, {}
        for arm in pair:
            own = [r for r in results if r.arm == arm and r.labels == labels]
            if not own:
                break
            lr = best_lr(own, arm, labels, min(r.seed for r in own))
            chosen = sorted((r for r in own if r.lr == lr), key=lambda r: r.seed)
            cells[arm] = Cell(lr, tuple(r.test for r in chosen))
            seeds[arm] = [r.seed for r in chosen]
        first, second = pair
        if len(cells) == len(pair) and seeds[first] == seeds[second]:
            rows.append(Row(labels, cells[first], cells[second]))
    return rows


def markdown(rows: Sequence[Row], pair: Pair) -> str:
    """The table of a page: labels, accuracy of both arms and the gap in points."""
    names = ' | '.join(NAMES[arm] for arm in pair)
    lines = [f'| labels | {names} | gap | lr |', '|---|---|---|---|---|']
    for row in rows:
        gap = Cell(0.0, row.gaps)
        lines.append(
            f'| {row.labels} | {spread(row.first)} | {spread(row.second)} '
            f'| {gap.mean:+.1f} ± {gap.deviation:.1f} '
            f'| {row.first.lr:g}, {row.second.lr:g} |'
        )
    return '\n'.join(lines) + '\n'


def spread(cell: Cell) -> str:
    """Mean and deviation, in percent."""
    return f'{cell.mean:.1f} ± {cell.deviation:.1f}'


def draw(rows: Sequence[Row], pair: Pair, chance: float, path: Path) -> None:
    """PNG of test accuracy against labels, one point per seed and a line through the means."""
    axes = new_figure(6.4, 4.2).subplots()
    labels = [row.labels for row in rows]
    styles = (('second', '#1f6fb4', 'o'), ('first', '#c4541b', 's'))
    for (place, colour, marker), arm in zip(styles, reversed(pair), strict=True):
        cells = [getattr(row, place) for row in rows]
        axes.plot(labels, [cell.mean for cell in cells], color=colour, marker=marker)
        axes.annotate(NAMES[arm], (labels[0], cells[0].mean), (10, -12), textcoords='offset points')
        for count, cell in zip(labels, cells, strict=True):
            axes.plot([count] * len(cell.tests), cell.tests, '.', color=colour, alpha=0.5)
    axes.axhline(chance, color='grey', linestyle=':')
    axes.annotate('chance', (labels[-1], chance), (0, 4), textcoords='offset points', ha='right')
    axes.set_xscale('log', base=2)
    axes.set_xticks(labels, [str(count) for count in labels])
    axes.set_ylim(0, 102)
    axes.set_xlabel('labelled clips')
    axes.set_ylabel('test accuracy (%)')
    axes.grid(alpha=0.3)
    axes.figure.savefig(path)


def draw_arms(
    arms: Mapping[str, Mapping[str, Cell]], path: Path, unit: str = 'accuracy (%)'
) -> None:
    """PNG with a panel for each thing measured: a bar to the mean of each arm, a dot per seed."""
    titles = list(dict.fromkeys(title for cells in arms.values() for title in cells))
    figure = new_figure(3.2 * len(titles) + 1.6, 0.5 * len(arms) + 1.0)
    panels = figure.subplots(1, len(titles), sharey=True, squeeze=False)[0]
    for axes, title in zip(panels, titles, strict=True):
        for place, cells in enumerate(arms.values()):
            if title in cells:
                axes.barh(place, cells[title].mean, color='#9dc3e6')
                tests = cells[title].tests
                axes.plot(tests, [place] * len(tests), '.', color='#1f4e79')
        axes.set_xlim(0, 102)
        axes.set_xlabel(f'{title}: {unit}')
        axes.grid(axis='x', alpha=0.3)
    panels[0].set_yticks(range(len(arms)), list(arms))
    panels[0].invert_yaxis()
    figure.savefig(path)


def save(results: Sequence[Result], path: Path) -> None:
    """All results as a JSON list."""
    path.write_text(json.dumps([asdict(result) for result in results], indent=1) + '\n')


def load(path: Path) -> Result:
    """One result of a finished run.

    Raises:
        ValueError: if the file does not contain one.
    """
    try:
        result = Result(**json.loads(path.read_text()))
    except (TypeError, json.JSONDecodeError) as error:
        raise ValueError(f'{path} has no result ({error}); delete it to run it again') from None
    if not math.isfinite(result.test):
        raise ValueError(f'{path}: accuracy {result.test}')
    return result
