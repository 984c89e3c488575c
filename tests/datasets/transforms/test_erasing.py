"""Random erasing: one box per clip, with the areas, aspects and positions of the recipe."""

import math

import numpy as np
import pytest

import mmvideomae  # noqa: F401  before anything of mmaction2
from mmvideomae.registry import TRANSFORMS


def erasing(**settings):
    return TRANSFORMS.build({'type': 'ClipRandomErasing', **settings})


def test_a_clip_is_not_touched_and_gets_one_box():
    np.random.seed(0)
    imgs = np.zeros((3, 60, 80, 3), np.uint8)
    results = erasing(prob=1)({'imgs': imgs})
    assert results['imgs'] is imgs
    assert results['erase_box'].shape == (4,) and results['erase_box'].dtype == np.int64
    assert erasing(prob=0)({'imgs': imgs})['erase_box'].tolist() == [0, 0, 0, 0]


def test_every_fourth_clip_is_erased():
    np.random.seed(0)
    draw, clip = erasing(), {'imgs': np.zeros((1, 32, 32, 3), np.uint8)}
    count = sum(bool(draw(dict(clip))['erase_box'].any()) for _ in range(2000))
    assert abs(count - 500) < 80


def test_areas_and_aspects_are_those_of_the_recipe():
    """Area uniform in 2 % to a third, logarithm of the aspect uniform, but for rounding."""
    np.random.seed(0)
    boxes = np.array([erasing().draw(1000, 1000) for _ in range(4000)])
    top, left, height, width = boxes.T
    area, aspect = height * width / 1e6, np.log(height / width)
    assert (top >= 0).all() and (left >= 0).all() and height.max() < 1000 and width.max() < 1000
    assert (top + height <= 1000).all() and (left + width <= 1000).all()
    assert area.min() > 0.019 and area.max() < 0.334
    shares = np.histogram(area, 5, (0.02, 1 / 3))[0] / len(area)
    assert abs(shares - 0.2).max() < 0.03
    assert abs(aspect).max() < math.log(1 / 0.3) + 0.01
    small = area < 0.25  # larger ones do not fit at every aspect
    shares = np.histogram(aspect[small], 5, (math.log(0.3), -math.log(0.3)))[0] / small.sum()
    assert abs(shares - 0.2).max() < 0.03


def test_every_place_is_drawn_equally_often():
    np.random.seed(0)
    draw = erasing(area=(0.25, 0.25), aspect=(1, 1)).draw
    boxes = np.array([draw(8, 8) for _ in range(2500)])
    assert (boxes[:, 2:] == 4).all()
    counts = np.bincount(boxes[:, 0] * 5 + boxes[:, 1], minlength=25)
    assert ((counts - 100) ** 2 / 100).sum() < 52


def test_a_frame_into_which_no_box_fits_has_none():
    assert erasing().draw(1, 100) == (0, 0, 0, 0)


@pytest.mark.parametrize(
    'settings', [{'prob': 2}, {'area': (0.5, 0.1)}, {'area': (0, 0.1)}, {'aspect': (0, 1)}]
)
def test_impossible_boxes_are_refused(settings):
    with pytest.raises(ValueError, match='got'):
        erasing(**settings)
