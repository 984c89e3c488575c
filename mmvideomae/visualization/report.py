"""One self-contained HTML page with the results of a demo."""

import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from urllib.parse import quote

import numpy as np
from scipy.stats import binomtest

from mmvideomae.storage import write_text
from mmvideomae.visualization.charts import Bar, Curve, bar_chart, line_chart
from mmvideomae.visualization.files import png_of
from mmvideomae.visualization.page import data_uri, file_uri, html_page


@dataclass(frozen=True)
class Accuracy:
    """Share of correct answers in [0, 1]; the number of ``clips`` adds an interval."""

    name: str
    share: float
    clips: int | None = None


@dataclass(frozen=True)
class Chart:
    """Curves with common axes."""

    title: str
    curves: Sequence[Curve]
    x_label: str = 'iteration'
    y_label: str = 'loss'


@dataclass(frozen=True)
class Picture:
    """A picture, as pixels (H, W, 3) uint8 or a .png, .gif or .mp4 file."""

    source: np.ndarray | str | os.PathLike[str]
    caption: str = ''


@dataclass(frozen=True)
class Command:
    """A command line that made part of the page, and its duration."""

    what: str
    line: str
    seconds: float | None = None


@dataclass(frozen=True)
class Link:
    """A file beside the page, and what it is."""

    what: str
    target: str


@dataclass(frozen=True)
class DemoResults:
    """The content of the page; empty parts are omitted.

    Args:
        accuracies: The pre-trained and fine-tuned model first, then those to compare with.
        chance: Accuracy of guessing, in [0, 1].
        settings: Names and values, in the order of the page.
        files: Paths relative to the page.
        next_steps: Commands to try.
    """

    title: str
    summary: str = ''
    accuracies: Sequence[Accuracy] = ()
    chance: float | None = None
    charts: Sequence[Chart] = ()
    pictures: Sequence[Picture] = ()
    commands: Sequence[Command] = ()
    settings: Mapping[str, object] = field(default_factory=dict)
    files: Sequence[Link] = ()
    next_steps: Sequence[Command] = ()


def write_demo_report(path: str | os.PathLike[str], results: DemoResults) -> Path:
    """Write the self-contained page.

    Raises:
        ValueError: A share is outside [0, 1], or a picture has an unknown format.
    """
    path = Path(path)
    write_text(path, demo_page(results))
    return path


def demo_page(results: DemoResults) -> str:
    """The page as text."""
    sections = [
        ('Reconstructions', ''.join(map(_picture, results.pictures))),
        ('Accuracy on clips never seen in training', _accuracies(results)),
        ('Learning curves', ''.join(map(_chart, results.charts))),
        ('Files', _files(results.files)),
        ('What to try next', _commands(results.next_steps)),
        ('Commands that made this page', _commands(results.commands)),
        ('Settings', _settings(results.settings)),
    ]
    body = ''.join(f'<section><h2>{name}</h2>{part}</section>' for name, part in sections if part)
    summary = f'<p class="summary">{escape(results.summary)}</p>' if results.summary else ''
    return html_page(results.title, summary + body)


def verdict(first: Accuracy, second: Accuracy) -> str:
    """A sentence that compares two accuracies and says whether chance explains the difference."""
    points = 100 * (first.share - second.share)
    more = 'more' if points >= 0 else 'less'
    text = f'{first.name}: {abs(points):.1f} points {more} than {second.name}'
    if first.clips is None or second.clips is None:
        return f'{text}.'
    variances = (
        share * (1 - share) / clips
        for share, clips in ((first.share, first.clips), (second.share, second.clips))
    )
    error = math.sqrt(sum(variances))
    side = 'beyond' if abs(points) > 196 * error else 'within'
    return f'{text}, {side} what the choice of test clips explains (95 %).'


def _accuracies(results: DemoResults) -> str:
    """Bars, chance and a comparison of the first accuracy with each other one."""
    if not results.accuracies:
        return ''
    for share in [*(one.share for one in results.accuracies), results.chance or 0.0]:
        if not 0 <= share <= 1:
            raise ValueError(f'an accuracy must lie in [0, 1], got {share}')
    bars = [Bar(one.name, one.share, _interval(one)) for one in results.accuracies]
    first, *others = results.accuracies
    verdicts = ''.join(f'<p>{escape(verdict(first, other))}</p>' for other in others)
    clips = {one.clips for one in results.accuracies if one.clips}
    note = ''
    if clips:
        counted = ' and '.join(map(str, sorted(clips)))
        note = f'<p class="note">Whiskers: 95 % interval for {counted} test clips.</p>'
    return bar_chart(bars, results.chance) + verdicts + note


def _interval(one: Accuracy) -> tuple[float, float] | None:
    """95 % interval (Wilson's score)."""
    if not one.clips:
        return None
    right = round(one.share * one.clips)
    return tuple(binomtest(right, one.clips).proportion_ci(method='wilson'))


def _chart(chart: Chart) -> str:
    drawing = line_chart(chart.curves, chart.x_label, chart.y_label)
    return f'<figure class="chart"><figcaption>{escape(chart.title)}</figcaption>{drawing}</figure>'


def _picture(picture: Picture) -> str:
    """HTML of the embedded picture."""
    if isinstance(picture.source, np.ndarray):
        source = data_uri('image/png', png_of(picture.source))
    else:
        source = file_uri(picture.source)
    caption = escape(picture.caption)
    if source.startswith('data:video'):
        shown = f'<video src="{source}" autoplay loop muted controls playsinline></video>'
    else:
        shown = f'<img src="{source}" alt="{caption}">'
    return f'<figure class="picture">{shown}<figcaption>{caption}</figcaption></figure>'


def _commands(commands: Sequence[Command]) -> str:
    rows = [
        f'<p>{escape(command.what)}{_duration(command.seconds)}</p>'
        f'<pre>{escape(command.line)}</pre>'
        for command in commands
    ]
    times = [command.seconds for command in commands if command.seconds is not None]
    total = f'<p class="note">Total{_duration(sum(times))}</p>' if len(times) > 1 else ''
    return ''.join(rows) + total


def _files(files: Sequence[Link]) -> str:
    rows = [
        f'<li><a href="{escape(quote(file.target))}">{escape(file.target)}</a>: '
        f'{escape(file.what)}</li>'
        for file in files
    ]
    return f'<ul>{"".join(rows)}</ul>' if rows else ''


def _duration(seconds: float | None) -> str:
    """`` · 3 min 12 s``, or an empty string."""
    if seconds is None:
        return ''
    if seconds < 60:
        return f' · {seconds:.1f} s'
    return f' · {int(seconds) // 60} min {int(seconds) % 60} s'


def _settings(settings: Mapping[str, object]) -> str:
    if not settings:
        return ''
    rows = ''.join(
        f'<tr><th>{escape(str(name))}</th><td>{escape(str(value))}</td></tr>'
        for name, value in settings.items()
    )
    return f'<table>{rows}</table>'
