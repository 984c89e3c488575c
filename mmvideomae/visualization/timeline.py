"""Draw the classes of a long video over time."""

from collections.abc import Mapping, Sequence
from itertools import islice

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MultipleLocator

from mmvideomae.visualization.canvas import (
    FAINT,
    GRID,
    INK,
    bare,
    new_figure,
    shortened,
    to_picture,
)
from mmvideomae.visualization.class_colours import class_colours

Segment = tuple[float, float, str, float]
"""Start and end in seconds, label and score."""
Truth = tuple[float, float, str]
"""Start and end in seconds, and label."""
OTHER_COLOUR = '#2166ac'
"""The colour of classes for which no colour is given."""
_OTHER = '#cccccc'
_STEPS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800)
_MOST_TICKS = 11
_NOTABLE = 0.1
_FAINTEST = 0.06


def draw_timeline(
    starts: np.ndarray,
    ends: np.ndarray,
    scores: np.ndarray,
    classes: Sequence[str],
    title: str = '',
    rows: int = 10,
) -> np.ndarray:
    """Draw the most probable class as a strip above the probabilities of classes.

    Args:
        starts, ends: Times of windows, ascending, in seconds, (W,).
        scores: Probabilities, (W, K).
        classes: Names of the K classes.
        rows: The most classes with a row: those that are the most probable in most windows,
            then those with the highest probability.

    Returns:
        (H, W, 3) uint8.
    """
    shown = pick_classes(scores, rows)
    middles = (starts + ends) / 2
    edges = np.concatenate([starts[:1], (middles[1:] + middles[:-1]) / 2, ends[-1:]])
    figure = new_figure(11, 1.9 + 0.3 * len(shown), title)
    strip, heat = figure.subplots(2, 1, sharex=True, height_ratios=(1, max(len(shown) * 0.55, 1)))
    _draw_strip(strip, edges, scores.argmax(1), shown, classes)
    mesh = heat.pcolormesh(
        edges, np.arange(len(shown) + 1), scores[:, shown].T, cmap='Blues', vmin=0, vmax=1
    )
    heat.invert_yaxis()
    heat.set_yticks(np.arange(len(shown)) + 0.5, [shortened(classes[index]) for index in shown])
    colours = class_colours(classes)
    for label, index in zip(heat.get_yticklabels(), shown, strict=True):
        label.set_color(colours[classes[index]])
    heat.set_xlim(edges[0], edges[-1])
    _time_axis(heat)
    figure.colorbar(mesh, ax=[strip, heat], label='probability', pad=0.01, aspect=15)
    return to_picture(figure)


def draw_segments(
    segments: Sequence[Segment],
    duration: float,
    title: str = '',
    rows: int = 10,
    colours: Mapping[str, str] | None = None,
    truth: Sequence[Truth] = (),
) -> np.ndarray:
    """Draw segments as bars over the time of their video, a row for each class.

    A higher score gives a stronger colour.  Better segments are on top, and a score is written
    where no better segment of its class covers it.

    Args:
        segments: (start, end, label, score) in seconds, in any order.
        duration: Duration of the video.
        rows: The most classes with a row: those with the highest scores.
        colours: Colours of classes, see `class_colours`; the default is one for all.
        truth: True segments (start, end, label), drawn below those that were found.

    Returns:
        (H, W, 3) uint8.
    """
    by_class = segments_by_class(segments, rows, truth)
    labels = list(by_class)
    figure = new_figure(11, 1.5 + 0.42 * max(len(labels), 1), title)
    axes = figure.subplots()
    for number, (label, mine) in enumerate(by_class.items()):
        colour = (colours or {}).get(label, OTHER_COLOUR)
        _draw_bars(axes, number, mine, duration, colour)
        own = [(start, end - start) for start, end, name in truth if name == label]
        axes.broken_barh(own, (number + 0.38, 0.1), color=colour)
    axes.set_xlim(0, duration)
    axes.set_ylim(max(len(labels), 1) - 0.5, -0.5)
    axes.set_yticks(range(len(labels)), [shortened(label) for label in labels])
    if not labels:
        axes.text(duration / 2, 0, 'no segments', ha='center', va='center', color=FAINT)
    _time_axis(axes)
    axes.grid(axis='x', color=GRID)
    axes.set_axisbelow(True)
    return to_picture(figure)


def segments_by_class(
    segments: Sequence[Segment], rows: int, truth: Sequence[Truth] = ()
) -> dict[str, list[Segment]]:
    """The segments of at most ``rows`` classes, and of all with true segments.

    Classes and their segments are best first; those with true segments alone come last.
    """
    found: dict[str, list[Segment]] = {}
    for segment in sorted(segments, key=lambda segment: -segment[3]):
        found.setdefault(segment[2], []).append(segment)
    known = [label for _, _, label in truth]
    shown = {label: mine for label, mine in found.items() if label in known}
    shown = {**dict(islice(found.items(), rows)), **shown}
    return {**shown, **{label: [] for label in known if label not in shown}}


def strength_of(score: float) -> float:
    """Strength of a segment's colour in [0, 1]: its score, but never too weak to see."""
    return min(max(score, _FAINTEST), 1.0)


def pick_classes(scores: np.ndarray, count: int) -> list[int]:
    """Classes to show in rows, by the number of windows they lead, then by probability.

    Classes that never lead and never reach `_NOTABLE` are left out.
    """
    wins = np.bincount(scores.argmax(1), minlength=scores.shape[1])
    order = np.lexsort((-scores.max(0), -wins))
    worth = order[(wins[order] > 0) | (scores.max(0)[order] >= _NOTABLE)]
    return worth[:count].tolist()


def clock(seconds: float, position: int | None = None) -> str:
    """``75.5`` -> ``'1:15.5'``, and ``3605`` -> ``'1:00:05'``, for the ticks of an axis."""
    text = _clock(seconds, 2)
    return text.rstrip('0').rstrip('.')


def moment(seconds: float) -> str:
    """``75.51`` -> ``'1:15.5'``, with one decimal in all tables and notes."""
    return _clock(seconds, 1)


def _clock(seconds: float, decimals: int) -> str:
    minutes, rest = divmod(round(float(seconds), decimals), 60)
    hours, minutes = divmod(int(minutes), 60)
    text = f'{rest:0{3 + decimals}.{decimals}f}'
    return f'{hours}:{minutes:02}:{text}' if hours else f'{minutes}:{text}'


def _time_axis(axes: Axes) -> None:
    start, end = axes.get_xlim()
    span = end - start
    hours = 3600 * -(-span // (3600 * _MOST_TICKS))
    step = next((step for step in _STEPS if span / step < _MOST_TICKS), hours)
    axes.xaxis.set_major_locator(MultipleLocator(step))
    axes.xaxis.set_major_formatter(FuncFormatter(clock))
    axes.set_xlabel('time, minutes:seconds', color=INK)
    axes.tick_params(length=0, axis='y')


def _draw_bars(
    axes: Axes,
    row: int,
    segments: Sequence[Segment],
    duration: float,
    colour: str,
) -> None:
    """Draw the segments of one class, best first."""
    for place, (start, end, _, score) in enumerate(segments):
        strength = strength_of(score)
        above = len(segments) - place
        axes.barh(row, end - start, left=start, height=0.72, color='white', zorder=2 + above)
        axes.barh(
            row, end - start, left=start, height=0.72, color=colour, alpha=strength,
            edgecolor=colour, linewidth=0.8, zorder=2 + above,
        )  # fmt: skip
        covered = any(a < end and start < b for a, b, _, _ in segments[:place])
        if not covered and end - start > 0.035 * duration:
            middle, ink = (start + end) / 2, 'white' if score > 0.6 else INK
            axes.text(
                middle, row, f'{score:.2f}', ha='center', va='center', color=ink, fontsize=8,
                zorder=2 + above,
            )  # fmt: skip


def _draw_strip(
    axes: Axes, edges: np.ndarray, best: np.ndarray, shown: list[int], classes: Sequence[str]
) -> None:
    """Draw a coloured bar for each run of one class, with its name if that fits."""
    colours = class_colours(classes)
    changes = np.flatnonzero(np.diff(best)) + 1
    firsts, lasts = np.append(0, changes), np.append(changes, len(best))
    for first, last in zip(firsts.tolist(), lasts.tolist(), strict=True):
        index, left, right = int(best[first]), edges[first], edges[last]
        known = index in shown
        colour = colours[classes[index]] if known else _OTHER
        axes.barh(0, right - left, left=left, height=1, color=colour, edgecolor='white')
        share = (right - left) / (edges[-1] - edges[0])
        name = shortened(classes[index])
        if len(name) < 105 * share:  # approximately the number of letters that fit across the strip
            ink = 'white' if known else INK
            axes.text((left + right) / 2, 0, name, ha='center', va='center', color=ink, fontsize=9)
    axes.set_yticks([0], ['most probable'], color=FAINT)
    axes.set_ylim(-0.5, 0.5)
    axes.tick_params(labelbottom=False)
    bare(axes)
