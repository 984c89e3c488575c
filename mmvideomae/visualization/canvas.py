"""matplotlib figures as arrays and SVG, without its global state."""

import io

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from mmvideomae.errors import one_line

INK, FAINT, GRID = '#222222', '#666666', '#e4e4e4'
DPI = 110


def new_figure(width: float, height: float, title: str = '') -> Figure:
    """An empty figure with a size in inches and a title; its layout keeps all labels inside."""
    figure = Figure(figsize=(width, height), dpi=DPI, layout='constrained')
    FigureCanvasAgg(figure)
    if title:
        figure.suptitle(as_text(title), color=INK, fontsize=12)
    return figure


def to_picture(figure: Figure) -> np.ndarray:
    """Draw a figure -> (H, W, 3) uint8."""
    figure.canvas.draw()
    return np.asarray(figure.canvas.buffer_rgba())[..., :3].copy()


def to_svg(figure: Figure) -> bytes:
    """Draw a figure as SVG with text as outlines; equal figures give equal bytes."""
    file = io.BytesIO()
    with matplotlib.rc_context({'svg.hashsalt': 'mmvideomae'}):
        figure.savefig(file, format='svg', metadata={'Date': None})
    return file.getvalue()


def bare(axes: Axes) -> None:
    """Remove frame and ticks, and draw the grid behind everything else."""
    axes.set_axisbelow(True)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)


def percent_axis(axes: Axes, last: float = 115, step: int = 20) -> None:
    """Make a horizontal axis from 0 to 100 %, with room up to ``last`` for numbers at bars."""
    axes.set_xlim(0, last)
    axes.set_xticks(range(0, 101, step))
    axes.xaxis.set_major_formatter(PercentFormatter(symbol=' %'))
    axes.tick_params(axis='x', labelcolor=FAINT)


def shortened(name: str, length: int = 40) -> str:
    """A class name shortened to fit on one line beside a chart."""
    name = one_line(name)
    return as_text(name if len(name) <= length else name[: length - 3].rstrip() + '...')


def as_text(text: str) -> str:
    """One line of text for matplotlib, with dollar signs escaped so that they mark no formula."""
    return one_line(text).replace('$', r'\$')
