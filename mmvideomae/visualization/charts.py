"""Charts for a demo's page, embedded as pictures."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mmvideomae.visualization.canvas import (
    GRID,
    INK,
    as_text,
    bare,
    new_figure,
    percent_axis,
    shortened,
    to_svg,
)
from mmvideomae.visualization.page import image

_COLOURS = ('#2166ac', '#d6604d', '#4d9221', '#7b3294', '#8c6d31', '#555555')
_MAX_POINTS = 400


@dataclass(frozen=True)
class Curve:
    """A named line; ``steps`` and ``values`` have the same length."""

    name: str
    steps: Sequence[float]
    values: Sequence[float]

    def __post_init__(self) -> None:
        if len(self.steps) != len(self.values):
            raise ValueError(
                f'curve {self.name!r} has {len(self.steps)} steps and {len(self.values)} values'
            )

    def points(self) -> np.ndarray:
        """Finite points (n, 2); a long curve is averaged over neighbours."""
        points = np.array([self.steps, self.values], float).T
        points = points[np.isfinite(points).all(1)]
        parts = np.array_split(points, max(1, min(len(points), _MAX_POINTS)))
        return np.array([part.mean(0) for part in parts if len(part)]).reshape(-1, 2)


@dataclass(frozen=True)
class Bar:
    """A share in [0, 1], possibly with an interval."""

    name: str
    share: float
    interval: tuple[float, float] | None = None


def line_chart(curves: Sequence[Curve], x_label: str, y_label: str) -> str:
    """HTML of one or several curves with common axes, which start at 0 or below.

    Values that are not finite are left out.  If there is no finite value, the chart says so.
    """
    if not any(len(curve.points()) for curve in curves):
        return '<p class="empty">No values were logged.</p>'
    figure = new_figure(4.8, 3.1)
    axes = figure.subplots()
    for number, curve in enumerate(curves):
        colour = _COLOURS[number % len(_COLOURS)]
        axes.plot(*curve.points().T, color=colour, label=shortened(curve.name))
    axes.set_ylim(bottom=min(0, axes.get_ylim()[0]))
    axes.set_xlabel(as_text(x_label), color=INK)
    axes.set_ylabel(as_text(y_label), color=INK)
    axes.grid(axis='y', color=GRID)
    bare(axes)
    figure.legend(loc='outside upper left', ncols=3, frameon=False)
    names = ', '.join(curve.name for curve in curves)
    return image(to_svg(figure), f'{y_label} over {x_label}: {names}')


def bar_chart(bars: Sequence[Bar], chance: float | None = None) -> str:
    """HTML of shares as horizontal bars from 0 to 100 %, with a mark at chance."""
    figure = new_figure(7.6, 0.8 + 0.45 * len(bars))
    axes = figure.subplots()
    for place, bar in enumerate(bars):
        low, high = bar.interval or (bar.share, bar.share)
        spread = [[100 * (bar.share - low)], [100 * (high - bar.share)]]
        axes.barh(
            place, 100 * bar.share, 0.65, color=_COLOURS[place % len(_COLOURS)],
            xerr=spread if bar.interval else None, ecolor=INK, capsize=4,
        )  # fmt: skip
        told = f'{100 * bar.share:.1f} %'
        axes.text(100 * max(high, bar.share) + 1.5, place, told, va='center', weight='bold')
    if chance is not None:
        axes.axvline(100 * chance, color=INK, linestyle='--', linewidth=1)
        axes.text(100 * chance, -0.6, f'chance {100 * chance:.1f} %', ha='center', va='bottom')
    axes.set_ylim(len(bars) - 0.5, -0.6)
    axes.set_yticks(range(len(bars)), [shortened(bar.name) for bar in bars], fontsize=10, color=INK)
    axes.grid(axis='x', color=GRID)
    percent_axis(axes)
    bare(axes)
    words = [f'{bar.name}: {100 * bar.share:.1f} %' for bar in bars]
    words += [f'chance {100 * chance:.1f} %'] if chance is not None else []
    return image(to_svg(figure), ', '.join(words))
