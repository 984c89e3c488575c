"""matplotlib figures as arrays, without its global state."""

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

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
    """A class name that fits beside a chart."""
    return name if len(name) <= length else name[: length - 3].rstrip() + '...'
