"""Draw the accuracies of probes against their settings."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.ticker import FuncFormatter, NullLocator, PercentFormatter

from mmvideomae.visualization.canvas import GRID, INK, bare, new_figure, to_picture
from mmvideomae.visualization.charts import Curve


@dataclass(frozen=True)
class ProbePanel:
    """The accuracies of one kind of probe.

    Attributes:
        title: Its name.
        x_label: What the steps of the curves are; their axis is logarithmic.
        curves: Shares in [0, 1].
    """

    title: str
    x_label: str
    curves: Sequence[Curve]


def draw_probes(panels: Sequence[ProbePanel], chance: float, title: str = '') -> np.ndarray:
    """Draw panels side by side with a common axis of accuracy -> (H, W, 3) uint8.

    Args:
        chance: Accuracy of guessing, drawn as a dashed line.
    """
    figure = new_figure(0.6 + 3.6 * len(panels), 3.8, title)
    all_axes = figure.subplots(1, len(panels), squeeze=False, sharey=True)[0]
    for axes, panel in zip(all_axes, panels, strict=True):
        steps = sorted({step for curve in panel.curves for step in curve.steps})
        for curve in panel.curves:
            points = sorted(zip(curve.steps, curve.values, strict=True))
            axes.plot(*zip(*points, strict=True), marker='o', label=curve.name or None)
        axes.axhline(chance, color=INK, linestyle='--', linewidth=1)
        axes.set_xscale('log')
        axes.set_xticks(steps)
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f'{value:g}'))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.tick_params(axis='x', labelsize=8)
        best = max(value for curve in panel.curves for value in curve.values)
        axes.set_title(f'{panel.title}: {100 * best:.1f} %', color=INK)
        axes.set_xlabel(panel.x_label, color=INK)
        axes.grid(axis='y', color=GRID)
        bare(axes)
        if any(curve.name for curve in panel.curves):
            axes.legend(frameon=False, fontsize=8)
    all_axes[0].set_ylim(0, 1)
    all_axes[0].yaxis.set_major_formatter(PercentFormatter(1, symbol=' %'))
    all_axes[0].set_ylabel('top-1 (dashed: chance)', color=INK)
    return to_picture(figure)
