"""Contract: the picture of a detector's errors shows its kinds and the missed segments."""

import numpy as np
import pytest

from mmvideomae.evaluation.segment_errors import break_down_errors
from mmvideomae.evaluation.segment_matching import SegmentTable
from mmvideomae.visualization.segment_errors import COLOURS, draw_error_breakdown


def errors_of(classes: int) -> dict:
    rng = np.random.default_rng(0)

    def table(count: int) -> SegmentTable:
        starts = rng.uniform(0, 100, count)
        segments = np.stack([starts, starts + rng.uniform(1, 12, count)], 1)
        return SegmentTable.gather(
            [(segments, np.arange(count) % classes, rng.uniform(size=count))]
        )

    errors = break_down_errors(table(400), table(60), classes).to_dict()
    return {**errors, 'classes': [f'class number {n}' for n in range(classes)]}


@pytest.mark.parametrize('classes', [1, 4, 30])
def test_all_kinds_that_occur_are_drawn(classes: int) -> None:
    errors = errors_of(classes)
    picture = draw_error_breakdown(errors, 'val')
    assert picture.dtype == np.uint8 and picture.ndim == 3
    colours = {tuple(row) for row in picture.reshape(-1, 3)[::3]}
    for kind, colour in COLOURS.items():
        counted = dict(zip(errors['kinds'], np.sum(errors['profile'], 0), strict=True))
        if kind == 'missed' or counted[kind]:
            assert tuple(bytes.fromhex(colour[1:])) in colours
