"""Contract: charts are pictures inside a page with a description in words."""

import base64
import math
import re
from html import unescape
from xml.etree import ElementTree

import numpy as np
import pytest

from mmvideomae.visualization.charts import Bar, Curve, bar_chart, line_chart


def _words(html: str) -> str:
    """What a chart says to those who do not see it; it must be well-formed SVG, too."""
    source, words = re.fullmatch(
        r'<img src="data:image/svg\+xml;base64,(.*)" alt="(.*)">', html
    ).groups()
    assert ElementTree.fromstring(base64.b64decode(source)).tag.endswith('svg')
    return unescape(words)


def test_curves_and_bars_are_named_with_their_numbers() -> None:
    curves = [Curve('falling', [0, 50, 100], [2.0, 1.0, 0.0]), Curve('<$flat$>', [0, 9], [1, 1])]
    assert _words(line_chart(curves, 'step', 'loss')) == 'loss over step: falling, <$flat$>'
    bars = [Bar('one', 0.2), Bar('two & more', 0.8, (0.7, 0.9)), Bar('all', 1.0)]
    assert _words(bar_chart(bars, chance=0.125)) == (
        'one: 20.0 %, two & more: 80.0 %, all: 100.0 %, chance 12.5 %'
    )
    assert bar_chart(bars) == bar_chart(bars) != bar_chart(bars, chance=0.125)


def test_values_that_are_not_finite_leave_a_chart() -> None:
    curve = Curve('a', [0, 1, 2], [1.0, math.nan, 2.0])
    np.testing.assert_array_equal(curve.points(), [[0, 1], [2, 2]])
    assert line_chart([curve], 'x', 'y') == line_chart([Curve('a', [0, 2], [1, 2])], 'x', 'y')
    assert 'No values' in line_chart([Curve('a', [0], [math.inf])], 'x', 'y')
    assert 'No values' in line_chart([], 'x', 'y')


def test_long_curves_are_thinned_to_means() -> None:
    points = Curve('a', range(4000), [float(step % 2) for step in range(4000)]).points()
    assert 200 <= len(points) <= 400 and set(points[:, 1]) == {0.5}


def test_curve_lengths_must_agree() -> None:
    with pytest.raises(ValueError, match="curve 'a' has 2 steps and 1 values"):
        Curve('a', [0, 1], [1.0])
