"""matplotlib figures as arrays, without its global state."""

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from mmvideomae.errors import one_line

INK, FAINT, GRID = '#222222', '#666666', '#e4e4e4'
DPI = 110


def new_figure(width: float, height: float) -> Figure:
    """An empty page of so many inches that leaves no label outside."""
    figure = Figure(figsize=(width, height), dpi=DPI, layout='constrained')
    FigureCanvasAgg(figure)
    return figure


def to_picture(figure: Figure) -> np.ndarray:
    """Draw a figure -> (H, W, 3) uint8."""
    figure.canvas.draw()
    return np.asarray(figure.canvas.buffer_rgba())[..., :3].copy()


def shortened(name: str, length: int = 40) -> str:
    """A class name that fits beside a chart, on one line."""
    name = one_line(name)
    return as_text(name if len(name) <= length else name[: length - 3].rstrip() + '...')


def as_text(text: str) -> str:
    """What matplotlib draws as one line of text, where dollars enclose no formula."""
    return one_line(text).replace('$', r'\$')
