"""Contract: the picture shows how many segments each level gets, and which are too long."""

import numpy as np
import pytest

from mmvideomae.visualization.segment_lengths import draw_segment_lengths


@pytest.mark.parametrize('segments', [np.array([0.1, 3.0, 50.0]), np.full(4, 8.0)])
def test_bars_bands_and_the_limit_are_drawn(segments: np.ndarray) -> None:
    ranges = ((0, 4), (4, 8), (8, 10000))
    picture = draw_segment_lengths(segments, np.array([100, 900]), ranges, 320, 'own')
    assert picture.dtype == np.uint8 and picture.shape[2] == 3
    colours = {tuple(row) for row in picture.reshape(-1, 3)}
    for colour in ('2166ac', 'd6604d', 'eef3f8', 'dbe6f1'):  # bars, limit, both bands
        assert tuple(bytes.fromhex(colour)) in colours
