"""A self-contained HTML page with a video and its segments."""

import os
from collections.abc import Sequence
from html import escape
from pathlib import Path

from mmvideomae.storage import write_text
from mmvideomae.visualization.page import file_uri, html_page
from mmvideomae.visualization.timeline import COLOURS, clock, segments_by_class, strength_of

_Segment = tuple[float, float, str, float]
_STEPS = (0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800)
_MOST_TICKS = 10
_WIDTH, _LEFT, _RIGHT, _TOP, _ROW, _FOOT = 980, 170, 20, 8, 34, 40
_INK, _GRID = '#222', '#e4e4e4'


def write_segment_page(
    path: str | os.PathLike[str],
    video: str | os.PathLike[str],
    segments: Sequence[tuple[float, float, str, float]],
    duration: float,
    title: str,
    rows: int = 10,
) -> Path:
    """Write a self-contained page that plays a video above its segments.

    A click on a segment plays it, and a click beside it jumps to that time.  Current segments
    are highlighted, and those with low scores can be hidden.  ``page.html#t=75`` opens it at 1:15.

    Args:
        path: Path of the page; its folder is created.
        video: A file that browsers can play, with a suffix in `page.MEDIA_TYPES`.
        segments: (start, end, label, score) in seconds, in any order.
        duration: Duration of the video.
        rows: The most classes to show: those with the highest scores.

    Raises:
        ValueError: The video's name has an unknown suffix, or the duration is not positive.
    """
    path = Path(path)
    if duration <= 0:
        raise ValueError(f'{path}: the duration of a video must be positive, got {duration} s')
    by_class = segments_by_class(segments, rows)
    shown = sorted((one for mine in by_class.values() for one in mine), key=lambda one: -one[3])
    colours = {label: _colour(number) for number, label in enumerate(by_class)}
    body = (
        f'<section><video id="video" src="{file_uri(video)}" controls playsinline></video>'
        f'<p id="moment">&nbsp;</p>{segment_chart(by_class, duration)}'
        '<p><label>score at least <input id="least" type="range" min="0" max="1" step="0.01" '
        'value="0"> <output id="limit">0.00</output></label></p></section>'
        f'<section class="list">{_table(shown, colours)}</section>'
    )
    write_text(path, html_page(title, body, _STYLE, _SCRIPT))
    return path


def segment_chart(by_class: dict[str, list[_Segment]], duration: float) -> str:
    """SVG of segments as bars over time, with a row for each class and better ones on top.

    The page's script finds bars by their attributes, which matplotlib cannot write.

    Args:
        by_class: Segments (start, end, label, score) of each class, in seconds.
        duration: Duration of the video.
    """
    height = _TOP + _ROW * max(len(by_class), 1) + _FOOT
    floor, scale = height - _FOOT, (_WIDTH - _LEFT - _RIGHT) / duration
    parts = [
        f'<rect id="ground" x="{_LEFT}" y="{_TOP}" width="{_WIDTH - _LEFT - _RIGHT}" '
        f'height="{floor - _TOP}" fill="#fff"/>'
    ]
    for seconds in time_ticks(duration):
        x = _LEFT + seconds * scale
        parts.append(_line(x, floor))
        parts.append(_text(x, floor + 16, clock(seconds)))
    middle = _LEFT + duration * scale / 2
    parts.append(_text(middle, height - 6, 'time, minutes:seconds', colour=_INK))
    for number, (label, mine) in enumerate(by_class.items()):
        y = _TOP + number * _ROW
        name = label if len(label) <= 22 else f'{label[:20].rstrip()}...'
        parts.append(_text(_LEFT - 10, y + 21, name, anchor='end', colour=_INK, size=13))
        for start, end, _, score in sorted(mine, key=lambda one: one[3]):
            box = (
                f'x="{_LEFT + start * scale:.2f}" y="{y + 4}" '
                f'width="{max((end - start) * scale, 1):.2f}" height="{_ROW - 8}"'
            )
            parts.append(
                f'<g {_data(start, end, label, score)}><title>{_words(start, end, label, score)}'
                f'</title><rect {box} fill="#fff"/><rect {box} fill="{_colour(number)}" '
                f'stroke="{_colour(number)}" fill-opacity="{strength_of(score):.3f}"/></g>'
            )
    if not by_class:
        parts.append(_text(middle, _TOP + 21, 'no segments', size=14))
    parts.append(
        f'<line id="head" x1="{_LEFT}" y1="{_TOP}" x2="{_LEFT}" y2="{floor}" stroke="{_INK}" '
        f'stroke-width="2" data-left="{_LEFT}" data-scale="{scale:.9g}"/>'
    )
    return (
        f'<svg viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" role="img" '
        f'aria-label="segments over the time of the video">{"".join(parts)}</svg>'
    )


def time_ticks(duration: float) -> list[float]:
    """At most ten round, evenly spaced times from 0 to at most ``duration`` seconds."""
    hours = 3600 * -(-duration // (3600 * _MOST_TICKS))
    step = next((step for step in _STEPS if duration / step < _MOST_TICKS), hours)
    return [number * step for number in range(int(duration / step) + 1)]


def _line(x: float, bottom: float) -> str:
    """A vertical grid line."""
    return f'<line x1="{x:.1f}" y1="{_TOP}" x2="{x:.1f}" y2="{bottom}" stroke="{_GRID}"/>'


def _text(
    x: float, y: float, text: str, anchor: str = 'middle', colour: str = '#666', size: int = 12
) -> str:
    """Text of the chart; (x, y) is on its base line."""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}" '
        f'font-size="{size}">{escape(text)}</text>'
    )


def _table(segments: Sequence[_Segment], colours: dict[str, str]) -> str:
    """A table of segments, best first, with a button in each row."""
    rows = ''.join(
        f'<tr {_data(start, end, label, score)}>'
        f'<td><button type="button">{clock(round(start, 2))} to {clock(round(end, 2))}</button>'
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
    times = f'{clock(round(start, 2))} to {clock(round(end, 2))}'
    return escape(f'{label}, {times}, score {score:.3f}')


def _colour(number: int) -> str:
    return COLOURS[number % len(COLOURS)]


_STYLE = """
#video { display: block; box-sizing: border-box; width: 100%; max-height: 52vh; background: #111; }
#moment { min-height: 1.6em; font-size: 18px; font-weight: 600; }
#ground, .segment { cursor: pointer; }
g.now rect:last-child { stroke: #111; stroke-width: 3; }
tr.now td { background: #fff0b3; }
.unlikely { display: none; }
#head { pointer-events: none; }
.list { max-height: 46vh; overflow-y: auto; }
.list td { padding: 3px 24px 3px 4px; }
.list i { display: inline-block; width: 12px; height: 12px; border-radius: 2px;
  margin-right: 6px; vertical-align: -1px; }
.list button { font: inherit; color: #2166ac; background: none; border: 0; padding: 0;
  cursor: pointer; text-decoration: underline; }
#least { width: 260px; vertical-align: middle; }
"""

_SCRIPT = """
(() => {
  const find = (id) => document.getElementById(id);
  const video = find('video'), head = find('head'), ground = find('ground');
  const least = find('least'), limit = find('limit'), moment = find('moment');
  const segments = [...document.querySelectorAll('.segment')].map((node) => ({
    node, start: +node.dataset.start, end: +node.dataset.end, score: +node.dataset.score,
  }));
  const left = +head.dataset.left, scale = +head.dataset.scale;

  function show() {
    const now = video.currentTime, x = left + now * scale;
    head.setAttribute('x1', x);
    head.setAttribute('x2', x);
    let best = null;
    for (const one of segments) {
      const likely = one.score >= +least.value;
      const current = likely && one.start <= now && now < one.end;
      one.node.classList.toggle('unlikely', !likely);
      one.node.classList.toggle('now', current);
      if (current && (!best || one.score > best.score)) best = one;
    }
    moment.textContent = best ? `${best.node.dataset.label} (${best.score.toFixed(2)})` : '\\u00a0';
  }
  function follow() {
    show();
    if (!video.paused && !video.ended) requestAnimationFrame(follow);
  }
  function seek(seconds) {
    video.currentTime = Math.max(seconds, 0);
    show();
  }
  for (const one of segments) {
    one.node.addEventListener('click', () => {
      seek(one.start);
      video.play();
    });
  }
  ground.addEventListener('click', (event) => {
    const box = ground.getBoundingClientRect();
    seek((event.clientX - box.left) / box.width * ground.width.baseVal.value / scale);
  });
  least.addEventListener('input', () => {
    limit.textContent = (+least.value).toFixed(2);
    show();
  });
  for (const name of ['play', 'seeked', 'timeupdate']) video.addEventListener(name, follow);
  video.addEventListener('error', () => { moment.textContent = 'this browser cannot play it'; });
  const asked = /^#t=([0-9.]+)$/.exec(location.hash);
  if (asked && video.readyState) seek(+asked[1]);
  else if (asked) video.addEventListener('loadedmetadata', () => seek(+asked[1]), {once: true});
  show();
})();
"""
