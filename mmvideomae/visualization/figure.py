"""Draw reconstructions: original, masked and reconstructed frames, aligned and labelled."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from PIL import Image, ImageDraw

from mmvideomae.errors import one_line
from mmvideomae.visualization.fonts import font as _font
from mmvideomae.visualization.reconstruction import (
    MASKED,
    Reconstruction,
    hatching,
    masked_frames,
    reconstructed_frames,
)

LAYOUTS = ('stacked', 'side_by_side')
_INK, _FAINT, _PAPER = (20, 20, 20), (105, 105, 105), (255, 255, 255)
_FONT, _SMALL = 15, 12
_GAP, _GROUP, _MARGIN = 3, 14, 14
_LEAST_CELL = 112


@dataclass(frozen=True)
class Figure:
    """What a picture shows.

    Args:
        clip: The original, (T, H, W, 3) uint8.
        views: The clip under one or several masks.
        seconds: Time of each frame in the video, (T,).
        title: First line of the picture, for example the file's name.
    """

    clip: np.ndarray
    views: Sequence[Reconstruction]
    seconds: Sequence[float]
    title: str = ''


@dataclass(frozen=True)
class _Table:
    """Frames in rows and columns; ``row_groups`` and ``column_groups`` number the blocks."""

    cells: list[list[np.ndarray]]
    row_labels: list[tuple[str, str]]
    column_labels: list[tuple[str, str]]
    row_groups: list[int]
    column_groups: list[int]


def draw_picture(figure: Figure, layout: str = 'stacked', num_frames: int = 8) -> np.ndarray:
    """One still picture, (H', W', 3) uint8.

    Args:
        layout: 'stacked': frames are columns; the original's row, then a masked and a
            reconstructed row for each mask.  'side_by_side', as in the papers' figures
            (VideoMAE, Figures 10 and 11): frames are rows; the original's column, then
            two columns for each mask.
        num_frames: So many frames, evenly spread over the clip.
    """
    if layout not in LAYOUTS:
        raise ValueError(f'unknown layout {layout!r}; choose one of {LAYOUTS}')
    picks = pick_frames(figure, num_frames)
    times = [(_clock(figure.seconds[pick]), '') for pick in picks]
    labels, groups, rows = [('original', '')], [0], [figure.clip[picks]]
    for number, view in enumerate(figure.views, start=1):
        labels += [(_mask_label(view), 'masked'), ('reconstructed', _loss_label(view))]
        groups += [number, number]
        rows += [
            masked_frames(figure.clip, view)[picks],
            reconstructed_frames(figure.clip, view)[picks],
        ]
    if layout == 'stacked':
        cells = [list(row) for row in rows]
        table = _Table(cells, labels, times, groups, [0] * len(picks))
    else:
        cells = [list(column) for column in zip(*rows, strict=True)]
        table = _Table(cells, times, labels, [0] * len(picks), groups)
    return np.asarray(_draw(table, figure))


def draw_animation(figure: Figure) -> np.ndarray:
    """All frames one after the other, (T, H', W', 3) uint8.

    Rows are original, masked and reconstructed; columns are the masks.
    """
    rows = [
        [figure.clip for _ in figure.views],
        [masked_frames(figure.clip, view) for view in figure.views],
        [reconstructed_frames(figure.clip, view) for view in figure.views],
    ]
    labels = [('original', ''), ('masked', ''), ('reconstructed', '')]
    heads = [(_mask_label(view), _loss_label(view)) for view in figure.views]
    pages = []
    for step in range(len(figure.clip)):
        cells = [[frames[step] for frames in row] for row in rows]
        labels[0] = ('original', _clock(figure.seconds[step]))
        table = _Table(cells, list(labels), heads, [0, 1, 2], list(range(len(heads))))
        pages.append(np.asarray(_draw(table, figure)))
    return np.stack(pages)


def pick_frames(figure: Figure, count: int) -> list[int]:
    """Indices of ``count`` frames evenly spread over the clip.

    The middle frame is among them, which is all that a model with a centre target
    predicts.
    """
    length = len(figure.clip)
    count = max(1, min(count, length))
    picks = [number * length // count for number in range(count)]
    middle = length // 2
    if middle not in picks:
        picks[min(range(count), key=lambda place: abs(picks[place] - middle))] = middle
    return picks


def _draw(table: _Table, figure: Figure) -> Image.Image:
    """Lay the table out on paper: title, labels, frames, legend and notes."""
    height, width = _cell_size(figure.clip)
    label_width = max(max(_width(a), _width(b, _SMALL)) for a, b in table.row_labels) + 12
    head_height = sum(size + 6 for size, part in _parts(table.column_labels) if part)
    title_height = _FONT + 14 if figure.title else 0
    xs = _offsets(table.column_groups, width, _MARGIN + label_width)
    ys = _offsets(table.row_groups, height, _MARGIN + title_height + head_height)
    page_width = max(xs[-1] + width, _width(figure.title, _FONT + 2) + _MARGIN, 380) + _MARGIN
    notes = _wrap(_note(figure), page_width - 2 * _MARGIN)
    foot = ys[-1] + height + 12
    page_height = foot + (len(notes) + 1) * (_SMALL + 6) + _MARGIN
    # H.264 wants even sides.
    page = Image.new('RGB', (page_width + page_width % 2, page_height + page_height % 2), _PAPER)
    draw = ImageDraw.Draw(page)
    draw.text((_MARGIN, _MARGIN), one_line(figure.title), _INK, _font(_FONT + 2))
    for x, label in zip(xs, table.column_labels, strict=True):
        _label(draw, x, _MARGIN + title_height, label)
    for y, label, row in zip(ys, table.row_labels, table.cells, strict=True):
        _label(draw, _MARGIN, y + height // 2 - _FONT, label)
        for x, cell in zip(xs, row, strict=True):
            page.paste(_resized(cell, height, width), (x, y))
    _legend(page, draw, foot, figure)
    for number, note in enumerate(notes, start=1):
        draw.text((_MARGIN, foot + number * (_SMALL + 6)), note, _FAINT, _font(_SMALL))
    return page


def _legend(page: Image.Image, draw: ImageDraw.ImageDraw, y: int, figure: Figure) -> None:
    """Small squares that say what grey and hatched patches are, as far as there are any."""
    entries = [(np.full((_SMALL, _SMALL, 3), MASKED, np.uint8), 'hidden from the encoder')]
    if any((~view.seen & ~view.predicted).any() for view in figure.views):
        entries.append((hatching(_SMALL, _SMALL), 'neither visible nor reconstructed'))
    x = _MARGIN
    for swatch, text in entries:
        page.paste(Image.fromarray(swatch), (x, y + 2))
        draw.text((x + _SMALL + 6, y), text, _FAINT, _font(_SMALL))
        x += _SMALL + 24 + _width(text, _SMALL)


def _label(draw: ImageDraw.ImageDraw, x: int, y: int, label: tuple[str, str]) -> None:
    """One or two lines; an empty first line leaves its place to the second."""
    for size, ink, text in zip((_FONT, _SMALL), (_INK, _FAINT), label, strict=True):
        if text:
            draw.text((x, y), text, ink, _font(size))
            y += size + 4


def _parts(labels: list[tuple[str, str]]) -> list[tuple[int, bool]]:
    """Font size of each of the two lines, and whether any label uses it."""
    return [(_FONT, any(a for a, _ in labels)), (_SMALL, any(b for _, b in labels))]


def _mask_label(view: Reconstruction) -> str:
    # 176 of 196 tokens are what the papers call 90 %.
    return f'mask {round(200 * view.masked_share) / 2:g} %'


def _loss_label(view: Reconstruction) -> str:
    return '' if view.loss is None else f'loss {view.loss:.3f}'


def _clock(seconds: float) -> str:
    return f'{seconds:.2f} s'


def _note(figure: Figure) -> str:
    """What the views owe to the original; they rarely differ in it."""
    notes = dict.fromkeys(view.note for view in figure.views)
    return ' '.join(['Visible patches are the original.', *notes])


def _wrap(text: str, width: int) -> list[str]:
    """Break a note into lines no wider than ``width`` pixels."""
    lines: list[str] = []
    for word in text.split():
        longer = f'{lines[-1]} {word}' if lines else word
        if lines and _width(longer, _SMALL) <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def _offsets(groups: list[int], side: int, start: int) -> list[int]:
    """Where each row or column begins; groups stand a little further apart."""
    offsets = [start]
    for before, here in itertools.pairwise(groups):
        offsets.append(offsets[-1] + side + (_GAP if here == before else _GROUP))
    return offsets


def _cell_size(clip: np.ndarray) -> tuple[int, int]:
    """Height and width of a drawn frame: small frames grow by a whole factor."""
    height, width = clip.shape[1:3]
    factor = -(-_LEAST_CELL // min(height, width)) if min(height, width) < _LEAST_CELL else 1
    return height * factor, width * factor


def _resized(frame: np.ndarray, height: int, width: int) -> Image.Image:
    return Image.fromarray(cv2.resize(frame, (width, height), interpolation=cv2.INTER_NEAREST))


def _width(text: str, size: int = _FONT) -> int:
    return int(np.ceil(_font(size).getlength(one_line(text))))
