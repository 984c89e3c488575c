"""A page of the clips that a classifier gets wrong, with the confusion matrix as its index."""

import os
from collections import defaultdict
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

import numpy as np

from mmvideomae.storage import write_text
from mmvideomae.visualization.class_colours import class_colours
from mmvideomae.visualization.confusion_table import TABLE_STYLE, confusion_table
from mmvideomae.visualization.page import html_page


class WrongClip(NamedTuple):
    """A clip whose most probable class is not its own."""

    name: str
    truth: int
    predicted: int
    confidence: float
    """Probability of the predicted class, in [0, 1]."""
    own: float
    """Probability of the true class, in [0, 1]."""
    video: str | None = None
    """A file that browsers can play, relative to the page; None: it cannot be shown."""
    note: str = ''


def write_wrong_clips(
    path: str | os.PathLike[str],
    clips: Sequence[WrongClip],
    counts: np.ndarray,
    names: Sequence[str],
    title: str,
) -> Path:
    """Write a page that plays wrong clips, by true class and from the most confident on.

    A click on a cell of the confusion matrix, the arrow keys and Enter, or the lists of classes
    select the clips of a confusion, and ``page.html#true=3&predicted=5`` opens the page with such
    a selection.  Nothing is loaded but the clips.

    Args:
        path: Path of the page.
        clips: The clips to show, possibly not all that are wrong.
        counts: Number of clips of each class (row) by predicted class (column), (K, K) int.
        names: Names of the K classes.
        title: Heading of the page.
    """
    path = Path(path)
    wrong = int(counts.sum() - np.trace(counts))
    body = (
        f'<p class="summary">{_summary(wrong, int(counts.sum()), len(clips))}</p>'
        f'<section><h2>Confusions</h2>{confusion_table(counts, names)}</section>'
        f'{_controls(clips, names)}<div id="clips">{_classes(clips, counts, names)}</div>'
    )
    write_text(path, html_page(title, body, TABLE_STYLE + _STYLE, _SCRIPT))
    return path


def _summary(wrong: int, total: int, shown: int) -> str:
    told = f'{wrong} of {total} clips are wrong ({100 * wrong / max(total, 1):.1f} %).'
    if shown < wrong:
        told += f' This page shows {shown} of them, the most confident of each confusion first.'
    return told


def _controls(clips: Sequence[WrongClip], names: Sequence[str]) -> str:
    """Lists of the classes that occur, and what plays."""

    def choices(found: set[int]) -> str:
        listed = ''.join(f'<option value="{n}">{escape(names[n])}</option>' for n in sorted(found))
        return f'<option value="">any class</option>{listed}'

    return (
        '<nav class="controls" aria-label="selection">'
        f'<label>true <select id="true">{choices({one.truth for one in clips})}</select></label>'
        '<label>predicted '
        f'<select id="predicted">{choices({one.predicted for one in clips})}</select></label>'
        '<a href="#">all</a><output id="count"></output>'
        '<label><input type="checkbox" id="moving" checked> play those in view</label>'
        '<span class="note">n, p: next and previous clip; Esc: all</span></nav>'
    )


def _classes(clips: Sequence[WrongClip], counts: np.ndarray, names: Sequence[str]) -> str:
    """A section for each true class, with its clips from the most confident on."""
    by_class: dict[int, list[WrongClip]] = defaultdict(list)
    for one in sorted(clips, key=lambda one: (one.truth, -one.confidence)):
        by_class[one.truth].append(one)
    colours = class_colours(names)
    parts = []
    for truth, mine in by_class.items():
        total = int(counts[truth].sum())
        wrong = total - int(counts[truth, truth])
        cards = ''.join(_card(one, names, colours) for one in mine)
        parts.append(
            f'<section class="class"><h2>{_dot(names[truth], colours)}'
            f' <small>{wrong} of {total} wrong</small></h2><div class="cards">{cards}</div>'
            '</section>'
        )
    return ''.join(parts)


def _card(one: WrongClip, names: Sequence[str], colours: dict[str, str]) -> str:
    name = escape(one.name)
    if one.video is None:
        shown = f'<p class="missing">{escape(one.note) or "no video"}</p>'
    else:
        shown = (
            f'<video src="{escape(quote(one.video))}" aria-label="{name}" controls muted loop '
            'playsinline preload="none"></video>'
        )
    return (
        f'<figure class="clip" tabindex="-1" data-true="{one.truth}" '
        f'data-predicted="{one.predicted}">{shown}<figcaption>'
        f'<span class="line">{_dot(names[one.predicted], colours)}'
        f'<b>{100 * one.confidence:.0f} %</b></span>'
        f'<span class="line own">true: {escape(names[one.truth])}<b>{100 * one.own:.0f} %</b>'
        f'</span><span class="name">{name}</span></figcaption></figure>'
    )


def _dot(name: str, colours: dict[str, str]) -> str:
    return f'<span class="label"><i style="background:{colours[name]}"></i>{escape(name)}</span>'


_STYLE = """
.controls { position: sticky; top: 0; z-index: 1; display: flex; flex-wrap: wrap; gap: 6px 16px;
  align-items: center; background: #f6f6f4; padding: 10px 0; }
.controls select { font: inherit; max-width: 11em; }
.class h2 { margin-bottom: 12px; }
.class small { color: #666; font-weight: 400; margin-left: 8px; }
.cards { display: grid; grid-template-columns: repeat(auto-fill, minmax(210px, 1fr)); gap: 16px; }
.clip video, .missing { display: block; box-sizing: border-box; width: 100%; aspect-ratio: 4 / 3;
  background: #111; object-fit: contain; }
.missing { color: #fff; padding: 12px; margin: 0; font-size: 13px; overflow: auto; }
.clip:focus { outline: 3px solid #2166ac; outline-offset: 3px; }
.clip { scroll-margin-top: 110px; }
.line { display: flex; justify-content: space-between; gap: 8px; }
.line b { white-space: nowrap; }
.own { color: #555; font-size: 14px; }
.own b { font-weight: 400; }
.name { color: #777; font-size: 12px; overflow-wrap: anywhere; }
.label i { display: inline-block; width: 12px; height: 12px; border-radius: 2px;
  margin-right: 6px; vertical-align: -1px; }
[hidden] { display: none; }
@media (max-width: 600px) {
  main { padding: 20px 12px 40px; }
  section { padding: 14px 12px; }
  .cards { grid-template-columns: repeat(auto-fill, minmax(145px, 1fr)); gap: 12px; }
  .controls .note { display: none; }
}
"""

_SCRIPT = """
(() => {
  const find = (id) => document.getElementById(id);
  const lists = {true: find('true'), predicted: find('predicted')};
  const clips = [...document.querySelectorAll('.clip')], moving = find('moving');
  const cells = [...document.querySelectorAll('.wrong a')];
  const visible = new Set();

  function select() {
    const asked = new URLSearchParams(location.hash.slice(1));
    for (const [key, list] of Object.entries(lists)) {
      list.value = asked.get(key) || '';
      if (list.selectedIndex < 0) list.value = '';
    }
    for (const clip of clips) {
      clip.hidden = Object.entries(lists).some(
        ([key, list]) => list.value && list.value !== clip.dataset[key]);
    }
    for (const part of document.querySelectorAll('.class')) {
      part.hidden = !part.querySelector('.clip:not([hidden])');
    }
    for (const cell of cells) {
      if (cell.hash === location.hash) cell.setAttribute('aria-current', 'true');
      else cell.removeAttribute('aria-current');
    }
    const shown = clips.filter((clip) => !clip.hidden).length;
    find('count').textContent = shown === 1 ? '1 clip' : `${shown} clips`;
  }
  function play() {
    for (const video of document.querySelectorAll('.clip video')) {
      if (visible.has(video) && moving.checked) video.play().catch(() => {});
      else video.pause();
    }
  }
  function step(by) {
    const shown = clips.filter((clip) => !clip.hidden);
    const now = shown.findIndex((clip) => clip.contains(document.activeElement));
    const next = shown[now < 0 ? 0 : Math.min(Math.max(now + by, 0), shown.length - 1)];
    if (next) next.focus();
  }
  function move(cell, key) {
    const from = cell.getBoundingClientRect();
    const [dx, dy] = {ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1],
      ArrowDown: [0, 1]}[key];
    let best = null, least = Infinity;
    for (const other of cells) {
      const to = other.getBoundingClientRect();
      const x = to.left - from.left, y = to.top - from.top;
      const along = x * dx + y * dy, aside = Math.abs(x * dy) + Math.abs(y * dx);
      if (along > 1 && along + 3 * aside < least) {
        least = along + 3 * aside;
        best = other;
      }
    }
    if (best) enter(best).focus();
  }
  function enter(cell) {
    for (const other of cells) other.tabIndex = other === cell ? 0 : -1;
    return cell;
  }

  if (cells.length) enter(cells[0]);
  for (const list of Object.values(lists)) {
    list.addEventListener('change', () => {
      const asked = new URLSearchParams();
      for (const [key, one] of Object.entries(lists)) if (one.value) asked.set(key, one.value);
      location.hash = asked.toString();
    });
  }
  for (const cell of cells) {
    cell.addEventListener('click', () => {
      enter(cell);
      setTimeout(() => document.querySelector('.controls').scrollIntoView());
    });
  }
  document.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    if (event.target.matches('.wrong a') && event.key.startsWith('Arrow')) {
      event.preventDefault();
      move(event.target, event.key);
    } else if (event.target.matches('select, input')) {
      return;
    } else if (event.key === 'n') step(1);
    else if (event.key === 'p') step(-1);
    else if (event.key === 'Escape') location.hash = '';
  });
  if (matchMedia('(prefers-reduced-motion: reduce)').matches) moving.checked = false;
  moving.addEventListener('change', play);
  const watcher = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      if (entry.isIntersecting) visible.add(entry.target);
      else visible.delete(entry.target);
    }
    play();
  }, {threshold: 0.25});
  for (const video of document.querySelectorAll('.clip video')) watcher.observe(video);
  addEventListener('hashchange', select);
  select();
})();
"""
