"""Draw lengths of segments against the levels of a pyramid that should find them."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter

from mmvideomae.visualization.canvas import FAINT, INK, new_figure, to_picture

_BARS, _LINE = '#2166ac', '#d6604d'
_BANDS = ('#eef3f8', '#dbe6f1')


def draw_segment_lengths(
    segment_steps: np.ndarray,
    video_steps: np.ndarray,
    regression_ranges: Sequence[Sequence[float]],
    max_seq_len: int,
    title: str = '',
) -> np.ndarray:
    """Draw half lengths of segments over the regression ranges, and lengths of videos.

    Args:
        segment_steps: Lengths of segments, (n,).
        video_steps: Lengths of videos, (v,).
        regression_ranges: For each level, (low, high); all in steps.
        max_seq_len: Length of a training sample.
        title: Title of the picture.

    Returns:
        (H, W, 3) uint8.
    """
    figure = new_figure(11, 6.4, title)
    above, below = figure.subplots(2, 1, height_ratios=(3, 2))
    _draw_halves(above, np.maximum(segment_steps / 2, 0.25), regression_ranges)
    _draw_videos(below, video_steps, max_seq_len)
    return to_picture(figure)


def _draw_halves(axes: Axes, halves: np.ndarray, ranges: Sequence[Sequence[float]]) -> None:
    low = min(0.5, float(halves.min()))
    high = 2 * max(float(halves.max()), float(ranges[-1][0]))
    edges = np.geomspace(low, high, 49)
    heights = axes.hist(halves, edges, color=_BARS, zorder=2)[0]
    top = 1.28 * max(float(heights.max()), 1)
    for level, (start, end) in enumerate(ranges):
        left, right = max(start, low), min(end, high)
        axes.axvspan(left, right, color=_BANDS[level % 2], zorder=0)
        bound = np.inf if level == len(ranges) - 1 else end
        count = int(((halves >= start) & (halves < bound)).sum())
        text = f'level {level}\nstride {2**level}\n{100 * count / len(halves):.0f} %'
        axes.text(
            np.sqrt(left * right), top * 0.98, text, ha='center', va='top', fontsize=9, color=INK
        )
    axes.set_xscale('log', base=2)
    axes.set_xlim(low, high)
    axes.set_ylim(0, top)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f'{value:g}'))
    axes.set_xlabel('half length of a segment, in steps', color=INK)
    axes.set_ylabel('segments', color=INK)
    _quiet(axes)


def _draw_videos(axes: Axes, video_steps: np.ndarray, max_seq_len: int) -> None:
    edges = np.linspace(0, 1.05 * max(float(video_steps.max()), max_seq_len), 50)
    axes.hist(video_steps, edges, color=_BARS)
    axes.axvline(max_seq_len, color=_LINE, linewidth=2)
    longer = int((video_steps > max_seq_len).sum())
    axes.set_title(
        f'max_seq_len {max_seq_len}: {longer} of {len(video_steps)} videos are longer',
        color=_LINE,
        fontsize=11,
    )
    axes.set_xlabel('length of a video, in steps', color=INK)
    axes.set_ylabel('videos', color=INK)
    _quiet(axes)


def _quiet(axes: Axes) -> None:
    axes.tick_params(colors=FAINT)
    for name in ('top', 'right'):
        axes.spines[name].set_visible(False)
