"""Small charts as inline SVG, for pages that need nothing from outside."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

COLOURS = ('#2166ac', '#d6604d', '#4d9221', '#7b3294', '#8c6d31', '#555555')
_MAX_POINTS = 400
_INK, _FAINT, _GRID = '#222', '#666', '#e4e4e4'


@dataclass(frozen=True)
class Curve:
    """A named line; ``steps`` and ``values`` have the same length."""

    name: str
    steps: Sequence[float]
    values: Sequence[float]

    def __post_init__(self) -> None:
        if len(self.steps) != len(self.values):
            raise ValueError(
                f'curve {self.name!r} has {len(self.steps)} steps and {len(self.values)} values'
            )


@dataclass(frozen=True)
class Bar:
    """A share in [0, 1] with its interval, if there is one."""

    name: str
    share: float
    interval: tuple[float, float] | None = None


@dataclass(frozen=True)
class _Axes:
    """A plot's place on its drawing, and the numbers along its sides."""

    width: int
    height: int
    x_ticks: list[float]
    y_ticks: list[float]
    left: int = 58
    right: int = 16
    top: int = 14
    bottom: int = 46

    def place(self, x: float, y: float) -> tuple[float, float]:
        """Where a point is drawn."""
        across = (x - self.x_ticks[0]) / (self.x_ticks[-1] - self.x_ticks[0])
        up = (y - self.y_ticks[0]) / (self.y_ticks[-1] - self.y_ticks[0])
        wide = self.width - self.left - self.right
        high = self.height - self.top - self.bottom
        return self.left + across * wide, self.height - self.bottom - up * high

    def draw(self, x_label: str, y_label: str) -> list[str]:
        """Grid lines, ticks and labels."""
        parts = []
        for tick in self.y_ticks:
            x, y = self.place(self.x_ticks[0], tick)
            parts.append(svg_line(x, y, self.width - self.right, y, _GRID))
            parts.append(svg_text(x - 8, y + 4, _number(tick), anchor='end'))
        for tick in self.x_ticks:
            x, y = self.place(tick, self.y_ticks[0])
            parts.append(svg_line(x, y, x, y + 4, _FAINT))
            parts.append(svg_text(x, y + 18, _number(tick)))
        middle = (self.left + self.width - self.right) / 2
        parts.append(svg_text(middle, self.height - 8, x_label, colour=_INK))
        turned = f'translate(14 {(self.height - self.bottom + self.top) / 2}) rotate(-90)'
        parts.append(f'<g transform="{turned}">{svg_text(0, 0, y_label, colour=_INK)}</g>')
        return parts


def line_chart(
    curves: Sequence[Curve], x_label: str, y_label: str, width: int = 460, height: int = 280
) -> str:
    """SVG of one or several curves over common axes.

    Values that are not finite are left out; long curves are thinned to means of
    neighbours.  Without any finite value the chart says so.
    """
    thinned = [_thin(curve) for curve in curves]
    xs = [x for line in thinned for x, _ in line]
    ys = [y for line in thinned for _, y in line]
    if not xs:
        return '<p class="empty">No values were logged.</p>'
    axes = _Axes(width, height, nice_ticks(min(xs), max(xs)), nice_ticks(min(0, *ys), max(ys)))
    parts = axes.draw(x_label, y_label)
    for line, colour in zip(thinned, _colours(len(thinned)), strict=True):
        corners = ' '.join('{:.1f},{:.1f}'.format(*axes.place(x, y)) for x, y in line)
        parts.append(
            f'<polyline points="{corners}" fill="none" stroke="{colour}" stroke-width="2" '
            'stroke-linejoin="round"/>'
        )
    label = f'{y_label} over {x_label}: {", ".join(curve.name for curve in curves)}'
    return svg(parts, width, height, label)


def bar_chart(bars: Sequence[Bar], chance: float | None = None, width: int = 720) -> str:
    """SVG of shares as horizontal bars of 0 to 100 %, with a mark at chance."""
    left, right, row, top = 250, 80, 44, 24
    height = top + row * len(bars) + 28
    scale = width - left - right
    parts = []
    for tick in range(0, 101, 20):
        x = left + tick / 100 * scale
        parts.append(svg_line(x, top, x, height - 24, _GRID))
        parts.append(svg_text(x, height - 8, f'{tick} %'))
    for number, (bar, colour) in enumerate(zip(bars, _colours(len(bars)), strict=True)):
        y = top + number * row + 8
        length = bar.share * scale
        parts.append(svg_text(left - 12, y + 18, bar.name, anchor='end', colour=_INK, size=14))
        parts.append(
            f'<rect x="{left}" y="{y}" width="{length:.1f}" height="28" rx="2" fill="{colour}"/>'
        )
        end = length
        if bar.interval is not None:
            low, high = (left + bound * scale for bound in bar.interval)
            parts += [
                svg_line(low, y + 14, high, y + 14, _INK),
                svg_line(low, y + 9, low, y + 19, _INK),
                svg_line(high, y + 9, high, y + 19, _INK),
            ]
            end = max(end, high - left)
        text = f'{100 * bar.share:.1f} %'
        parts.append(
            svg_text(
                left + end + 10, y + 19, text, anchor='start', colour=_INK, size=14, weight=600
            )
        )
    if chance is not None:
        x = left + chance * scale
        parts.append(svg_line(x, top - 4, x, height - 24, _INK, dash='4 3'))
        parts.append(svg_text(x, top - 10, f'chance {100 * chance:.1f} %', colour=_INK))
    label = ', '.join(f'{bar.name}: {100 * bar.share:.1f} %' for bar in bars)
    return svg(parts, width, height, label)


def legend(names: Sequence[str]) -> str:
    """HTML that names the colours of a chart."""
    return ''.join(
        f'<span class="key"><i style="background:{colour}"></i>{escape(name)}</span>'
        for name, colour in zip(names, _colours(len(names)), strict=True)
    )


def nice_ticks(low: float, high: float, count: int = 5) -> list[float]:
    """At least two round numbers, evenly spaced, the first <= low and the last >= high."""
    if high <= low:
        high = low + (abs(low) or 1.0)
    raw = (high - low) / count
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= raw * 0.999)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [number * step for number in range(first, last + 1)]


def _thin(curve: Curve) -> list[tuple[float, float]]:
    """Finite points of a curve, at most ``_MAX_POINTS``: means of neighbours."""
    points = [
        (float(x), float(y))
        for x, y in zip(curve.steps, curve.values, strict=True)
        if math.isfinite(x) and math.isfinite(y)
    ]
    size = -(-len(points) // _MAX_POINTS) or 1
    groups = [points[start : start + size] for start in range(0, len(points), size)]
    return [
        (sum(x for x, _ in group) / len(group), sum(y for _, y in group) / len(group))
        for group in groups
    ]


def _colours(count: int) -> list[str]:
    return [COLOURS[number % len(COLOURS)] for number in range(count)]


def _number(value: float) -> str:
    return f'{value:.6g}' if abs(value) < 1e4 else f'{value:,.0f}'.replace(',', ' ')


def svg(parts: Sequence[str], width: int, height: int, label: str) -> str:
    """A drawing of some parts, with its description for who does not see it."""
    return (
        f'<svg viewBox="0 0 {width} {height}" width="{width}" role="img" '
        f'aria-label="{escape(label)}">{"".join(parts)}</svg>'
    )


def svg_line(x1: float, y1: float, x2: float, y2: float, colour: str, dash: str = '') -> str:
    """A line as part of a drawing."""
    dashes = f' stroke-dasharray="{dash}"' if dash else ''
    return (
        f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}"{dashes}/>'
    )


def svg_text(
    x: float,
    y: float,
    text: str,
    anchor: str = 'middle',
    colour: str = _FAINT,
    size: int = 12,
    weight: int = 400,
) -> str:
    """Text as part of a drawing; (x, y) is on its base line."""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}" '
        f'font-size="{size}" font-weight="{weight}">{escape(text)}</text>'
    )
