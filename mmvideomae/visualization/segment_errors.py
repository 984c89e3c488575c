"""Draw the kinds of errors that a temporal detector makes."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from mmvideomae.visualization.canvas import (
    FAINT,
    GRID,
    INK,
    bare,
    new_figure,
    percent_axis,
    shortened,
    to_picture,
)

COLOURS = {
    'correct': '#4d9221',
    'duplicate': '#e6a117',
    'classification': '#7b3294',
    'localisation': '#2166ac',
    'background': '#bdbdbd',
    'missed': '#d6604d',
}
_MOST_CLASSES = 20


def draw_error_breakdown(errors: Mapping[str, Any], title: str = '') -> np.ndarray:
    """Draw predictions by kind and rank, and the share of true segments that are missed.

    Args:
        errors: The result of ``mmvideomae.evaluation.segment_errors.ErrorBreakdown.to_dict``
            with ``classes``, the names.
        title: Title of the picture.

    Returns:
        (H, W, 3) uint8.
    """
    truths, missed = (np.array(errors[key]) for key in ('truths', 'missed'))
    order = np.argsort(-missed / np.maximum(truths, 1), kind='stable')
    shown = [label for label in order.tolist() if truths[label]][:_MOST_CLASSES]
    told = (
        f'errors at IoU {errors["iou_threshold"]:g}, background below {errors["background_iou"]:g}'
    )
    told = f'{title}: {told}' if title else told
    figure = new_figure(13, max(4.6, 1.6 + 0.26 * len(shown)), told)
    left, middle, right = figure.subplots(1, 3, width_ratios=(5, 3, 4))
    _draw_profile(left, np.array(errors['profile']), errors['kinds'])
    _draw_missed(
        middle,
        np.array(errors['missed_by_length']),
        np.array(errors['truths_by_length']),
        _length_names(errors['lengths']),
    )
    middle.set_title(f'missed by length: {missed.sum()} of {truths.sum()}', color=INK, fontsize=11)
    names = [shortened(errors['classes'][label], 24) for label in shown]
    _draw_missed(right, missed[shown], truths[shown], names)
    worst = '' if len(shown) == np.count_nonzero(truths) else f', the {len(shown)} worst'
    right.set_title(f'missed by class{worst}', color=INK, fontsize=11)
    return to_picture(figure)


def _draw_profile(axes: Axes, profile: np.ndarray, kinds: Sequence[str]) -> None:
    """Draw stacked shares of the kinds, one column for each rank."""
    shares = 100 * profile / np.maximum(profile.sum(1, keepdims=True), 1)
    places = np.arange(1, len(profile) + 1)
    bottom = np.zeros(len(profile))
    for kind, heights in zip(kinds, shares.T, strict=True):
        axes.bar(places, heights, 0.85, bottom=bottom, color=COLOURS[kind], label=kind)
        bottom += heights
    axes.set_ylim(0, 100)
    axes.set_xticks(places)
    axes.set_yticks(range(0, 101, 20), [f'{tick} %' for tick in range(0, 101, 20)], color=FAINT)
    axes.set_xlabel('rank of the predictions, in numbers of true segments', color=INK)
    axes.set_title('predictions by kind', color=INK, fontsize=11)
    bare(axes)
    axes.legend(loc='upper center', bbox_to_anchor=(0.5, -0.12), ncols=3, frameon=False)


def _draw_missed(axes: Axes, missed: np.ndarray, truths: np.ndarray, names: Sequence[str]) -> None:
    """Draw a bar for each group of true segments: the share that is missed."""
    places = np.arange(len(names))
    shares = 100 * missed / np.maximum(truths, 1)
    axes.barh(places, shares, 0.7, color=COLOURS['missed'])
    for place, share, lost, total in zip(places, shares, missed, truths, strict=True):
        axes.text(share + 2, place, f'{lost}/{total}', va='center', fontsize=8, color=INK)
    percent_axis(axes, 122, 25)
    axes.set_yticks(places, names, fontsize=9)
    axes.invert_yaxis()
    axes.grid(axis='x', color=GRID)
    bare(axes)


def _length_names(edges: Sequence[float]) -> list[str]:
    return [f'{low:.3g} to {high:.3g} s' for low, high in pairwise(edges)]
