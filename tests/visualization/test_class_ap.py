"""Contract: every class with true boxes has a bar as long as its average precision."""

import numpy as np
import pytest

from mmvideomae.visualization.class_ap import _BAR, draw_class_ap


@pytest.mark.parametrize('count', [1, 4, 60])
def test_bars_are_as_long_as_the_precisions(count: int) -> None:
    shares = np.linspace(1, 0.2, count)
    classes = [
        {'name': f'class number {n}', 'AP': float(share), 'boxes': 10**n % 99991}
        for n, share in enumerate(shares)
    ]
    unknown = {'name': 'never seen', 'AP': None, 'boxes': 0}
    picture = draw_class_ap([unknown, *reversed(classes)], float(shares.mean()), 'val')
    blue = (picture == np.frombuffer(bytes.fromhex(_BAR[1:]), np.uint8)).all(-1)
    rows = np.flatnonzero(blue.any(1))
    bars = np.split(rows, np.flatnonzero(np.diff(rows) > 1) + 1)
    assert len(bars) == count
    lengths = [np.flatnonzero(blue[bar[len(bar) // 2]]) for bar in bars]
    ends = np.array([each[-1] - each[0] for each in lengths])
    np.testing.assert_allclose(ends / ends[0], shares, atol=0.02)


def test_a_class_more_makes_the_picture_higher() -> None:
    few, many = (
        draw_class_ap([{'name': 'x', 'AP': 0.5, 'boxes': 3}] * n, 0.5).shape for n in (4, 60)
    )
    assert few[1] == many[1] and few[0] < 400 < many[0]
