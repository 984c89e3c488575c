"""Draw reconstructions: original, masked and reconstructed frames, aligned and labelled."""

import itertools
import math
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure as Page
from matplotlib.image import AxesImage
from matplotlib.patches import Patch

from mmvideomae.visualization.canvas import FAINT, INK, as_text, bare, to_picture
from mmvideomae.visualization.reconstruction import (
    MASKED,
    Reconstruction,
    masked_frames,
    reconstructed_frames,
    to_bytes,
)

LAYOUTS = ('stacked', 'side_by_side')
_GAP, _GROUP, _MARGIN = 3, 14, 14
_LEAST_CELL = 112
_DPI = 100
_GREY = f'#{MASKED:02x}{MASKED:02x}{MASKED:02x}'
_HIDDEN = Patch(facecolor=_GREY, label='hidden from the encoder')
_Labels = tuple[list[str], list[int]]
"""Labels of rows or columns, and the numbers of their groups."""


@dataclass(frozen=True)
class Figure:
    """The content of a picture.

    Args:
        clip: The original, (T, H, W, 3) uint8.
        views: The clip under one or several masks.
        seconds: Time of each frame in the video, (T,).
        title: First line of the picture, for example the name of the file.
    """

    clip: np.ndarray
    views: Sequence[Reconstruction]
    seconds: Sequence[float]
    title: str = ''


def draw_picture(figure: Figure, layout: str = 'stacked', num_frames: int = 8) -> np.ndarray:
    """One still picture, (H', W', 3) uint8.

    Args:
        layout: 'stacked': frames are columns; the rows are the original, the decoded codes of the
            clip if codes are predicted (VIMPAC, Figure 5), and a masked and a reconstructed row
            for each mask.  'side_by_side', as in the papers' figures (VideoMAE, Figures 10 and
            11): frames are rows; the columns are the original and two for each mask.
        num_frames: Number of frames, evenly spread over the clip.
    """
    if layout not in LAYOUTS:
        raise ValueError(f'unknown layout {layout!r}; choose one of {LAYOUTS}')
    picks = pick_frames(figure, num_frames)
    times = [_clock(figure.seconds[pick]) for pick in picks]
    labels, groups, rows = ['original'], [0], [figure.clip]
    for label, frames in _decoded(figure):
        labels, groups, rows = [*labels, label], [*groups, 0], [*rows, frames]
    for number, view in enumerate(figure.views, start=1):
        if not view.masked_share:
            continue
        labels += [f'{_mask_label(view)}\nmasked', f'reconstructed\n{_loss_label(view)}'.strip()]
        groups += [number, number]
        rows += [masked_frames(figure.clip, view), reconstructed_frames(figure.clip, view)]
    rows = [row[picks] for row in rows]
    sides, cells = [(labels, groups), (times, [0] * len(picks))], np.stack(rows)
    if layout == 'side_by_side':
        sides, cells = sides[::-1], cells.swapaxes(0, 1)
    return to_picture(_page(cells, sides[0], sides[1], *_words(figure))[0])


def draw_animation(figure: Figure) -> np.ndarray:
    """All frames in sequence, (T, H', W', 3) uint8.

    Rows are original, decoded codes of the whole clip if there are any, masked and reconstructed;
    columns are the masks.
    """
    masked = [view for view in figure.views if view.masked_share]
    names = ['original', *(label for label, _ in _decoded(figure))]
    rows = [
        [figure.clip, *(frames for _, frames in _decoded(figure))] for _ in masked or figure.views
    ]
    if masked:
        names += ['masked', 'reconstructed']
    for row, view in zip(rows, masked, strict=False):
        row += [masked_frames(figure.clip, view), reconstructed_frames(figure.clip, view)]
    shown = np.stack([np.stack(row, 1) for row in rows], 2)
    heads = [f'{_mask_label(view)}\n{_loss_label(view)}'.strip() for view in masked] or ['']
    sides = (names, list(range(len(names)))), (heads, list(range(len(heads))))
    page, image = _page(shown[-1], sides[0], sides[1], *_words(figure))
    pictures = []
    for cells, seconds in zip(shown, figure.seconds, strict=True):
        image.set_data(_tiled(cells, sides[0][1], sides[1][1])[0])
        image.axes.set_yticklabels([f'original\n{_clock(seconds)}', *names[1:]])
        pictures.append(to_picture(page))
    return np.stack(pictures)


def pick_frames(figure: Figure, count: int) -> list[int]:
    """Indices of ``count`` frames evenly spread over the clip.

    They include the middle frame, the only one that a model with a centre target
    predicts.
    """
    length = len(figure.clip)
    count = max(1, min(count, length))
    picks = [number * length // count for number in range(count)]
    middle = length // 2
    if middle not in picks:
        picks[min(range(count), key=lambda place: abs(picks[place] - middle))] = middle
    return picks


def draw_rows(
    rows: Sequence[tuple[str, np.ndarray]],
    groups: Sequence[int],
    seconds: Sequence[float],
    title: str = '',
    note: str = '',
    masked: bool = True,
) -> np.ndarray:
    """Draw rows of frames below one another, (H', W', 3) uint8.

    Args:
        rows: Labels and frames (T, H, W, 3) uint8.
        groups: A number for each row; rows with the same number are grouped.
        seconds: Time of each frame in the video, (T,).
        masked: Whether grey patches are hidden, which the legend says.
    """
    cells = np.stack([frames for _, frames in rows])
    times = [_clock(moment) for moment in seconds], [0] * len(seconds)
    labels = [label for label, _ in rows], list(groups)
    return to_picture(_page(cells, labels, times, title, [_HIDDEN] if masked else [], note)[0])


def _page(
    cells: np.ndarray,
    rows: _Labels,
    columns: _Labels,
    title: str,
    swatches: list[Patch],
    note: str,
) -> tuple[Page, AxesImage]:
    """Draw frames (rows, columns, H, W, 3) with title, labels, legend and notes."""
    table, ys, xs = _tiled(cells, rows[1], columns[1])
    height, width = table.shape[:2]
    page = Page(figsize=(width / _DPI, height / _DPI), dpi=_DPI)
    FigureCanvasAgg(page)
    axes = page.add_axes((0, 0, 1, 1))
    image = axes.imshow(table, interpolation='none')
    axes.xaxis.tick_top()
    axes.set_xticks(xs, columns[0], fontsize=11, color=INK)
    axes.set_yticks(ys, rows[0], fontsize=11, color=INK)
    bare(axes)
    if title:
        axes.set_title(as_text(title), loc='left', fontsize=13, color=INK, pad=10)
    under = {'loc': 'upper left', 'bbox_to_anchor': (0, 0), 'borderaxespad': 0.4, 'borderpad': 0}
    legend = axes.legend(handles=swatches, ncols=2, frameon=False, labelcolor=FAINT, **under)
    axes.annotate(
        textwrap.fill(note, max(48, width // 7)), (0, 0), (0, -4), xycoords=legend,
        textcoords='offset points', va='top', color=FAINT, fontsize=9, annotation_clip=False,
    )  # fmt: skip
    _fit(page, width, height)
    return page, image


def _fit(page: Page, width: int, height: int) -> None:
    """Enlarge a page around its table until all text fits; the table's pixels do not change."""
    page.draw_without_rendering()
    box = page.get_tightbbox().padded(_MARGIN / _DPI)
    left, below, right, above = (math.ceil(_DPI * side) for side in (*-box.min, *box.max))
    # H.264 needs even sides.
    wide, high = (side + side % 2 for side in (left + right, below + above))
    page.set_size_inches(wide / _DPI, high / _DPI)
    page.axes[0].set_position((left / wide, below / high, width / wide, height / high))


def _tiled(
    cells: np.ndarray, row_groups: Sequence[int], column_groups: Sequence[int]
) -> tuple[np.ndarray, list[float], list[float]]:
    """One picture of frames (rows, columns, H, W, 3), and the centres of its rows and columns.

    Small frames are enlarged by an integer factor.
    """
    height, width = cells.shape[2:4]
    factor = max(1, -(-_LEAST_CELL // min(height, width)))
    cells = cells.repeat(factor, 2).repeat(factor, 3)
    height, width = cells.shape[2:4]
    ys, xs = _offsets(row_groups, height), _offsets(column_groups, width)
    table = np.full((ys[-1] + height, xs[-1] + width, 3), 255, np.uint8)
    for y, row in zip(ys, cells, strict=True):
        for x, cell in zip(xs, row, strict=True):
            table[y : y + height, x : x + width] = cell
    return table, [y + height / 2 for y in ys], [x + width / 2 for x in xs]


def _offsets(groups: Sequence[int], side: int) -> list[int]:
    """The start of each row or column; there is more space between groups."""
    offsets = [0]
    for before, here in itertools.pairwise(groups):
        offsets.append(offsets[-1] + side + (_GAP if here == before else _GROUP))
    return offsets


def _mask_label(view: Reconstruction) -> str:
    # The papers round 176 of 196 tokens to 90 %.
    return f'mask {round(200 * view.masked_share) / 2:g} %'


def _loss_label(view: Reconstruction) -> str:
    return '' if view.loss is None else f'loss {view.loss:.3f}'


def _decoded(figure: Figure) -> list[tuple[str, np.ndarray]]:
    """The row of the clip's decoded codes, if there is one."""
    found = [view.intact for view in figure.views if view.intact is not None][:1]
    return [(f'codes, decoded\n{_psnr(figure.clip, pixels)}', to_bytes(pixels)) for pixels in found]


def _psnr(clip: np.ndarray, pixels: np.ndarray) -> str:
    error = float(np.square(clip / 255 - pixels).mean())
    return f'{-10 * math.log10(error):.1f} dB' if error else 'exactly'


def _clock(seconds: float) -> str:
    return f'{seconds:.2f} s'


def _words(figure: Figure) -> tuple[str, list[Patch], str]:
    """Title, legend and notes."""
    swatches = [_HIDDEN] if any(view.masked_share for view in figure.views) else []
    if any(view.intact is None and (~view.seen & ~view.predicted).any() for view in figure.views):
        label = 'neither visible nor reconstructed'
        swatches.append(Patch(facecolor='#e1e1e1', edgecolor='#777777', hatch='////', label=label))
    return figure.title, swatches, _note(figure)


def _note(figure: Figure) -> str:
    """Notes on the statistics that the views took from the original, usually the same for all."""
    notes = dict.fromkeys(view.note for view in figure.views)
    if any(view.intact is None for view in figure.views):
        notes = {'Visible patches are the original.': None, **notes}
    return ' '.join(notes)
