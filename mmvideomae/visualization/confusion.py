"""Draw confusions between classes, and gains and losses between two classifiers."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import PowerNorm
from scipy.cluster.hierarchy import leaves_list, linkage
from scipy.spatial.distance import squareform

from mmvideomae.visualization.canvas import (
    FAINT,
    GRID,
    INK,
    as_text,
    bare,
    new_figure,
    percent_axis,
    shortened,
    to_picture,
)

_NAMED, _NUMBERED = 60, 15
_FIRST, _SECOND = '#bdbdbd', '#2166ac'


def order_by_confusion(confusions: np.ndarray) -> np.ndarray:
    """An order of classes that places frequently confused ones side by side.

    Args:
        confusions: Shares (K, K), or several matrices (n, K, K).

    Returns:
        A permutation (K,).
    """
    shares = confusions.reshape(-1, *confusions.shape[-2:]).mean(0)
    if len(shares) < 2:
        return np.arange(len(shares))
    distances = squareform(1 - (shares + shares.T) / 2, checks=False)
    return leaves_list(linkage(distances, 'average', optimal_ordering=True))


def draw_confusions(
    confusions: np.ndarray,
    names: Sequence[str],
    titles: Sequence[str],
    order: np.ndarray | None = None,
) -> np.ndarray:
    """Draw confusion matrices side by side, with the same order of classes.

    Args:
        confusions: For each class (row), the shares of its clips by predicted class, (n, K, K).
        names: Names of the classes; written if they fit.
        titles: The n titles.
        order: Order of the classes; by default `order_by_confusion`.

    Returns:
        (H, W, 3) uint8.
    """
    order = order_by_confusion(confusions) if order is None else order
    count, named = len(order), len(order) <= _NAMED
    side = max(4.2, 0.22 * count) if named else 8.0
    labels = [shortened(names[index], 30) for index in order]
    room = 0.075 * max(map(len, labels)) if named else 0.4
    figure = new_figure(len(confusions) * side + room + 1.0, side + room + 0.9)
    panels = figure.subplots(1, len(confusions), squeeze=False)[0]
    for panel, shares, title in zip(panels, confusions, titles, strict=True):
        shown = shares[np.ix_(order, order)]
        # The square root makes confusions of a few per cent visible beside the diagonal.
        mesh = panel.imshow(shown, cmap='Blues', norm=PowerNorm(0.5, 0, 1), interpolation='nearest')
        panel.set_title(as_text(title), color=INK, fontsize=12)
        panel.set_xlabel('predicted', color=FAINT)
        if count <= _NUMBERED:
            _write_shares(panel, shown)
        ticks = np.arange(count) if named else []
        panel.set_xticks(ticks, labels if named else [], rotation=90, fontsize=8)
        panel.set_yticks(ticks, labels if named and panel is panels[0] else [''] * len(ticks))
        panel.tick_params(length=0, labelsize=8)
    panels[0].set_ylabel('true class', color=FAINT)
    figure.colorbar(mesh, ax=panels.tolist(), label='share of the true class', aspect=30, pad=0.01)
    return to_picture(figure)


def draw_gains(
    names: Sequence[str],
    shares: np.ndarray,
    titles: tuple[str, str],
    count: int = 20,
) -> np.ndarray:
    """Draw the classes with the largest gains and losses as bars (V1 appendix, Figures 7 and 8).

    Args:
        names: Names of the C classes.
        shares: Shares of correct answers of the two classifiers, in [0, 1], (2, C).
        titles: Names of the classifiers.
        count: The most classes on each side.

    Returns:
        (H, W, 3) uint8.
    """
    gains = shares[1] - shares[0]
    order = np.argsort(-gains, kind='stable')
    sides = [order[gains[order] > 0][:count], order[gains[order] < 0][::-1][:count]]
    rows = max(1, *map(len, sides))
    figure = new_figure(13, 1.5 + 0.36 * rows)
    panels = figure.subplots(1, 2)
    heads = (f'{titles[1]} is better', f'{titles[1]} is worse')
    for panel, chosen, head in zip(panels, sides, heads, strict=True):
        _draw_pairs(panel, [names[index] for index in chosen], shares[:, chosen], titles)
        panel.set_ylim(rows - 0.4, -0.6)
        number = int((gains > 0).sum() if panel is panels[0] else (gains < 0).sum())
        told = f'{head}: {number} of {len(names)} classes'
        panel.set_title(told, color=INK, fontsize=12)
    handles, texts = panels[0].get_legend_handles_labels()
    if not handles:
        handles, texts = panels[1].get_legend_handles_labels()
    if handles:
        figure.legend(handles, texts, loc='outside lower center', ncols=2, frameon=False)
    return to_picture(figure)


def _draw_pairs(
    axes: Axes, names: Sequence[str], shares: np.ndarray, titles: tuple[str, str]
) -> None:
    """Draw two bars for each class, followed by the difference."""
    places = np.arange(len(names))
    percent_axis(axes)
    axes.set_yticks(places, [shortened(name) for name in names], fontsize=9)
    axes.grid(axis='x', color=GRID)
    bare(axes)
    if not len(names):
        axes.text(57, 0, 'no class', ha='center', color=FAINT)
        return
    for row, (offset, colour, title) in enumerate(
        zip((-0.19, 0.19), (_FIRST, _SECOND), titles, strict=True)
    ):
        axes.barh(places + offset, 100 * shares[row], 0.36, color=colour, label=title)
    for place, (before, after) in enumerate(100 * shares.T):
        text = f'{after - before:+.1f}'
        axes.text(max(before, after) + 1.5, place, text, va='center', fontsize=9, color=INK)


def _write_shares(axes: Axes, shown: np.ndarray) -> None:
    for row, column in np.argwhere(shown >= 0.005):
        value = shown[row, column]
        ink = 'white' if value > 0.4 else INK
        axes.text(
            column, row, f'{100 * value:.0f}', ha='center', va='center', color=ink, fontsize=8
        )
