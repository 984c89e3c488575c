"""Contract: draw_probes draws a panel for each kind of probe, with its best accuracy."""

import numpy as np

from mmvideomae.visualization.charts import Curve
from mmvideomae.visualization.probes import ProbePanel, draw_probes


def test_more_panels_are_wider_and_values_show() -> None:
    panel = ProbePanel('linear', 'learning rate', [Curve('', (0.1, 0.01), (0.5, 0.25))])
    one = draw_probes([panel], 0.1)
    assert one.dtype == np.uint8 and one.ndim == 3
    higher = ProbePanel('linear', 'learning rate', [Curve('', (0.1, 0.01), (0.5, 0.75))])
    assert not np.array_equal(one, draw_probes([higher], 0.1))
    assert not np.array_equal(one, draw_probes([panel], 0.4))
    two = draw_probes([panel, higher], 0.1, 'config')
    assert two.shape[1] > 1.7 * one.shape[1]
