"""Contract: charts are well-formed SVG whose marks stand where the numbers say."""

import itertools
import math
import re
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmvideomae.visualization.charts import Bar, Curve, bar_chart, legend, line_chart, nice_ticks

FINITE = st.floats(-1e9, 1e9, allow_subnormal=False)


@given(low=FINITE, span=st.floats(1e-6, 1e6))
def test_ticks_are_even_round_and_enclose(low: float, span: float) -> None:
    high = low + span * max(1.0, abs(low))  # far above the resolution of floats
    ticks = nice_ticks(low, high)
    step = ticks[1] - ticks[0]
    slack = 1e-2 * step
    assert ticks[0] <= low + slack and ticks[-1] >= high - slack
    assert 2 <= len(ticks) <= 8
    assert all(b - a == pytest.approx(step, rel=1e-3) for a, b in itertools.pairwise(ticks))


def test_ticks_of_a_single_value() -> None:
    assert nice_ticks(0, 0) == pytest.approx([0, 0.2, 0.4, 0.6, 0.8, 1.0])
    assert nice_ticks(0.0, 2.2) == [0, 0.5, 1.0, 1.5, 2.0, 2.5]


def _points(svg: str) -> list[list[tuple[float, float]]]:
    root = ElementTree.fromstring(svg)
    return [
        [tuple(map(float, pair.split(','))) for pair in line.get('points').split()]
        for line in root.iter('polyline')
    ]


def test_curves_share_their_axes() -> None:
    falling = Curve('falling', [0, 50, 100], [2.0, 1.0, 0.0])
    flat = Curve('<flat>', [0, 100], [1.0, 1.0])
    first, second = _points(line_chart([falling, flat], 'step', 'loss'))
    (x0, y0), (x1, y1), (x2, y2) = first
    assert x1 - x0 == pytest.approx(x2 - x1, abs=0.2) and y0 < y1 < y2  # down the page
    assert y1 - y0 == pytest.approx(y2 - y1, abs=0.2)
    assert second == [(x0, y1), (x2, y1)]


def test_values_that_are_not_finite_leave_a_chart() -> None:
    curve = Curve('a', [0, 1, 2], [1.0, math.nan, 2.0])
    assert len(_points(line_chart([curve], 'x', 'y'))[0]) == 2
    assert 'No values' in line_chart([Curve('a', [0], [math.inf])], 'x', 'y')
    assert 'No values' in line_chart([], 'x', 'y')


def test_long_curves_are_thinned_to_means() -> None:
    values = [float(step % 2) for step in range(4000)]
    points = _points(line_chart([Curve('a', range(4000), values)], 'x', 'y'))[0]
    assert 200 <= len(points) <= 400
    assert len({y for _, y in points}) == 1  # every mean is 0.5


def test_bars_are_as_long_as_their_shares() -> None:
    bars = [Bar('one', 0.2), Bar('two & more', 0.8, (0.7, 0.9)), Bar('all', 1.0)]
    root = ElementTree.fromstring(bar_chart(bars, chance=0.125))
    lengths = [float(bar.get('width')) for bar in root.iter('rect')]
    assert [length / lengths[2] for length in lengths] == pytest.approx([0.2, 0.8, 1], abs=1e-3)
    texts = [text.text for text in root.iter('text')]
    assert {'20.0 %', '80.0 %', '100.0 %', 'chance 12.5 %', 'two & more'} <= set(texts)
    dashed = [line for line in root.iter('line') if line.get('stroke-dasharray')]
    left = float(next(root.iter('rect')).get('x'))
    assert (float(dashed[0].get('x1')) - left) / lengths[2] == pytest.approx(0.125, abs=1e-3)


def test_legend_names_colours_in_order() -> None:
    keys = legend(['a', 'b<c'])
    assert len(set(re.findall('#[0-9a-f]{6}', keys))) == 2 and 'b&lt;c' in keys


def test_curve_lengths_must_agree() -> None:
    with pytest.raises(ValueError, match="curve 'a' has 2 steps and 1 values"):
        Curve('a', [0, 1], [1.0])
