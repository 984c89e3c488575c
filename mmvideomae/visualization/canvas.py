"""matplotlib figures as arrays and drawings, without its global state."""

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
    """An empty page of so many inches, under its title, that leaves no label outside."""
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
    """Draw a figure as SVG, letters as outlines; equal figures give equal bytes."""
    file = io.BytesIO()
    with matplotlib.rc_context({'svg.hashsalt': 'mmvideomae'}):
        figure.savefig(file, format='svg', metadata={'Date': None})
    return file.getvalue()


def bare(axes: Axes) -> None:
    """Draw neither a frame nor ticks, and the grid behind everything else."""
    axes.set_axisbelow(True)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)


def percent_axis(axes: Axes, last: float = 115, step: int = 20) -> None:
    """A horizontal axis from 0 to 100 %, with room up to ``last`` for numbers beside bars."""
    axes.set_xlim(0, last)
    axes.set_xticks(range(0, 101, step))
    axes.xaxis.set_major_formatter(PercentFormatter(symbol=' %'))
    axes.tick_params(axis='x', labelcolor=FAINT)


def shortened(name: str, length: int = 40) -> str:
    """A class name that fits beside a chart, on one line."""
    name = one_line(name)
    return as_text(name if len(name) <= length else name[: length - 3].rstrip() + '...')


def as_text(text: str) -> str:
    """What matplotlib draws as one line of text, where dollars enclose no formula."""
    return one_line(text).replace('$', r'\$')
