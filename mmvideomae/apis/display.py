"""HTML of results, which notebooks show."""

from collections.abc import Sequence
from html import escape
from itertools import islice

import numpy as np

from mmvideomae.apis.detected_actions import DetectedActions
from mmvideomae.apis.found_segments import FoundSegments
from mmvideomae.apis.predictions import Prediction, Timeline
from mmvideomae.visualization.boxes import COLOURS
from mmvideomae.visualization.files import png_of
from mmvideomae.visualization.page import data_uri
from mmvideomae.visualization.timeline import draw_segments, draw_timeline, moment

_MOST = 10
"""Rows of a table, and key frames."""
_WIDTH = 240


def prediction_html(found: Prediction) -> str:
    """The best classes, with bars as long as their probabilities."""
    rows = ''.join(
        f'<tr><td style="text-align:left">{escape(one.label)}</td><td style="text-align:left">'
        f'<div style="background:#2166ac;height:12px;width:{round(160 * one.score)}px"></div></td>'
        f'<td>{100 * one.score:.1f} %</td></tr>'
        for one in found.top
    )
    return f'<b>{escape(found.video)}</b><table>{rows}</table>'


def timeline_html(found: Timeline) -> str:
    """The classes over time."""
    picture = draw_timeline(found.starts, found.ends, found.scores, found.classes, found.video)
    return _image(picture, f'classes of {found.video} over time')


def segments_html(found: FoundSegments) -> str:
    """The segments as bars, and a table of the best ones."""
    title = f'{found.video}: {len(found)} segments'
    rows = [
        (moment(one.start), moment(one.end), one.label, f'{one.score:.3f}') for one in found[:_MOST]
    ]
    picture = draw_segments(found, found.duration, title)
    return _image(picture, title) + _table(('from', 'to', 'class', 'score'), rows, len(found))


def actions_html(found: DetectedActions) -> str:
    """Sketches of the boxes at the first key frames with people, and a table of their actions."""
    peopled = [frame for frame in found if len(frame.boxes)]
    sketches, rows = [], []
    for frame in islice(peopled, _MOST):
        sketches.append(_sketch(frame.boxes, found.size, moment(frame.second)))
        rows += [
            (
                moment(frame.second),
                str(number + 1),
                ', '.join(f'{one.label} {100 * one.score:.0f} %' for one in actions),
            )
            for number, actions in enumerate(frame.actions)
        ]
    title = f'{found.video}: people at {len(peopled)} of {len(found)} key frames'
    total = sum(len(frame.boxes) for frame in peopled)
    table = _table(('time', 'person', 'actions'), rows, total)
    return f'<b>{escape(title)}</b><div>{"".join(sketches)}</div>{table}'


def _sketch(boxes: np.ndarray, size: tuple[int, int], title: str) -> str:
    """Numbered boxes within the outline of their frame, as SVG."""
    height, width = size
    parts = []
    for number, (x1, y1, x2, y2) in enumerate(boxes.tolist()):
        red, green, blue = COLOURS[number % len(COLOURS)]
        parts.append(
            f'<rect x="{x1:.1f}" y="{y1:.1f}" width="{x2 - x1:.1f}" height="{y2 - y1:.1f}" '
            f'fill="rgb({red},{green},{blue})" fill-opacity="0.5" stroke="#222" '
            f'stroke-width="{width / _WIDTH:.2f}"/><text x="{x1 + width / 60:.1f}" '
            f'y="{y1 + width / 15:.1f}" font-size="{width / 15:.1f}">{number + 1}</text>'
        )
    return (
        f'<svg viewBox="0 0 {width} {height}" width="{_WIDTH}" '
        'style="background:#eee;margin:0 8px 8px 0" '
        f'role="img"><title>{title}</title>{"".join(parts)}</svg>'
    )


def _image(picture: np.ndarray, words: str) -> str:
    return f'<img src="{data_uri("image/png", png_of(picture))}" alt="{escape(words)}">'


def _table(head: Sequence[str], rows: Sequence[Sequence[str]], total: int) -> str:
    """A table, and the number of rows if these are not all."""
    first = ''.join(f'<th>{escape(text)}</th>' for text in head)
    cells = (''.join(f'<td>{escape(text)}</td>' for text in row) for row in rows)
    body = ''.join(f'<tr>{row}</tr>' for row in cells)
    more = f'<i>the first {len(rows)} of {total}</i>' if len(rows) < total else ''
    return f'<table><tr>{first}</tr>{body}</table>{more}'
