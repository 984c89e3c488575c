"""A self-contained HTML page with a video and its segments."""

import os
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path

from mmvideomae.storage import write_text
from mmvideomae.visualization.page import file_uri, html_page
from mmvideomae.visualization.segment_script import SEGMENT_SCRIPT, SEGMENT_STYLE
from mmvideomae.visualization.timeline import (
    OTHER_COLOUR,
    Segment,
    Truth,
    moment,
    segments_by_class,
    strength_of,
)


def write_segment_page(
    path: str | os.PathLike[str],
    video: str | os.PathLike[str],
    segments: Sequence[Segment],
    duration: float,
    name: str,
    rows: int = 10,
    colours: Mapping[str, str] | None = None,
    truth: Sequence[Truth] = (),
) -> Path:
    """Write a self-contained page that plays a video above its segments.

    A click on a segment plays it, and a click beside it jumps to that time; the time line begins
    and ends below that of the player, and zooms.  Current segments are highlighted, those with
    low scores can be hidden, and the title counts the others.  ``page.html#t=75`` opens it at 1:15.

    Args:
        path: Path of the page; its folder is created.
        video: A file that browsers can play, with a suffix in `page.MEDIA_TYPES`.
        segments: (start, end, label, score) in seconds, in any order.
        duration: Duration of the video.
        name: Name of the video, for the title.
        rows: The most classes to show: those with the highest scores.
        colours: Colours of classes, see `class_colours`; the default is one for all.
        truth: True segments (start, end, label), which are shown below those that were found.

    Raises:
        ValueError: The video's name has an unknown suffix, or the duration is not positive.
    """
    path = Path(path)
    if duration <= 0:
        raise ValueError(f'{path}: the duration of a video must be positive, got {duration} s')
    by_class = segments_by_class(segments, rows, truth)
    shown = sorted((one for mine in by_class.values() for one in mine), key=lambda one: -one[3])
    chosen = {label: (colours or {}).get(label, OTHER_COLOUR) for label in by_class}
    body = (
        f'<section><video id="video" src="{file_uri(video)}" controls playsinline></video>'
        f'<p id="moment">&nbsp;</p>{_film(by_class, duration, chosen, truth)}{_controls(truth)}'
        f'</section><section class="list">{_table(shown, chosen)}</section>'
    )
    title = f'{name}: {len(shown)} segments'
    script = SEGMENT_SCRIPT.replace('DURATION', f'{duration:.6g}')
    write_text(path, html_page(title, body, SEGMENT_STYLE, script))
    return path


def _controls(truth: Sequence[Truth]) -> str:
    told = '; true segments are the strips below' if truth else ''
    return (
        '<p class="controls"><label>score at least <input id="least" type="range" min="0" max="1" '
        'step="0.01" value="0"> <output id="limit">0.00</output></label>'
        '<span><button type="button" id="wider" aria-label="zoom in">+</button>'
        '<button type="button" id="narrower" aria-label="zoom out">-</button>'
        '<button type="button" id="whole">whole film</button></span></p>'
        '<p class="note">Space: play; arrows: 5 seconds; n, p: next and previous segment; '
        f'+, -, 0: zoom{told}</p>'
    )


def _film(
    by_class: Mapping[str, Sequence[Segment]],
    duration: float,
    colours: Mapping[str, str],
    truth: Sequence[Truth],
) -> str:
    """Segments as bars over time, with a row for each class and better ones on top."""
    rows = []
    for label, mine in by_class.items():
        bars = ''.join(
            f'<button type="button" tabindex="-1" {_data(*one)} title="{_words(*one)}" '
            f'style="{_place(one[0], one[1], duration)};--strength:{strength_of(one[3]):.3f}">'
            '</button>'
            for one in sorted(mine, key=lambda one: one[3])
        )
        strips = ''.join(
            f'<i class="truth" title="{escape(label)}, {moment(start)} to {moment(end)}, true" '
            f'style="{_place(start, end, duration)}"></i>'
            for start, end, name in truth
            if name == label
        )
        rows.append(
            f'<div class="row" style="--colour:{colours[label]}"><span class="name">'
            f'{escape(label)}</span><div class="bars">{bars}{strips}</div></div>'
        )
    return (
        '<div id="view"><div id="film" role="group" aria-label="segments over the time of the '
        f'video"><div id="ticks"></div>{"".join(rows) or "<p>no segments</p>"}'
        '<div id="head"></div></div></div>'
    )


def _place(start: float, end: float, duration: float) -> str:
    left, width = 100 * start / duration, 100 * (end - start) / duration
    return f'left:{left:.4f}%;width:{width:.4f}%'


def _table(segments: Sequence[Segment], colours: Mapping[str, str]) -> str:
    """A table of segments, best first, with a button in each row."""
    rows = ''.join(
        f'<tr {_data(start, end, label, score)}>'
        f'<td><button type="button">{moment(start)} to {moment(end)}</button>'
        f'</td><td><i style="background:{colours[label]}"></i>{escape(label)}</td>'
        f'<td>{score:.3f}</td></tr>'
        for start, end, label, score in segments
    )
    return f'<table><tbody>{rows}</tbody></table>' if rows else '<p>no segments</p>'


def _data(start: float, end: float, label: str, score: float) -> str:
    """The attributes of a segment for the script."""
    return (
        f'class="segment" data-start="{start:.6g}" data-end="{end:.6g}" '
        f'data-label="{escape(label)}" data-score="{score:.6g}"'
    )


def _words(start: float, end: float, label: str, score: float) -> str:
    return escape(f'{label}, {moment(start)} to {moment(end)}, score {score:.3f}')
