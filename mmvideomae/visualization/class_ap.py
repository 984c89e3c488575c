"""Draw the average precision of each class."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

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

_BAR, _MEAN = '#2166ac', '#d6604d'
_RIGHT = 121  # right end of the numbers of boxes, in per cent
_PAPER = {
    'facecolor': 'white',
    'edgecolor': 'none',
    'pad': 0.5,
}  # keeps lines off the numbers


def draw_class_ap(classes: Sequence[Mapping[str, Any]], mean: float, title: str = '') -> np.ndarray:
    """Draw a bar for each class with true boxes, the best on top.

    Args:
        classes: ``name``, ``AP`` in [0, 1] (None without true boxes) and ``boxes``, their
            number, as in ``mmvideomae.evaluation.frame_map.evaluate_boxes``.
        mean: mAP, drawn as a line.
        title: Title of the picture.

    Returns:
        (H, W, 3) uint8.
    """
    known = sorted(
        (each for each in classes if each['AP'] is not None), key=lambda each: -each['AP']
    )
    shares = [100 * each['AP'] for each in known]
    figure = new_figure(9, 1.3 + 0.24 * len(known))
    axes = figure.subplots()
    places = np.arange(len(known))
    axes.barh(places, shares, 0.72, color=_BAR)
    for place, share, each in zip(places, shares, known, strict=True):
        told = f'{share:.1f}'
        axes.text(share + 0.8, place, told, va='center', fontsize=8, color=INK, bbox=_PAPER)
        axes.text(
            _RIGHT, place, f'{each["boxes"]:,}', va='center', ha='right', fontsize=8, color=FAINT
        )
    axes.text(_RIGHT, -0.9, 'true boxes', va='center', ha='right', fontsize=8, color=FAINT)
    axes.axvline(100 * mean, color=_MEAN, linewidth=1.2)
    percent_axis(axes, _RIGHT + 1)
    axes.set_ylim(len(known) - 0.4, -1.4)
    axes.set_yticks(places, [shortened(each['name'], 44) for each in known], fontsize=9, color=INK)
    axes.grid(axis='x', color=GRID)
    bare(axes)
    told = f'average precision by class, mean {100 * mean:.2f} %'
    missing = len(classes) - len(known)
    if missing:
        told += f' ({missing} without true boxes)'
    axes.set_title(as_text(f'{title}: {told}' if title else told), color=INK, fontsize=11)
    return to_picture(figure)
