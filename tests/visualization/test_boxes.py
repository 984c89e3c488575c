"""Contract: boxes have their colours, and text stays inside the frame without overlaps."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmvideomae.visualization.boxes import (
    COLOURS,
    Said,
    ShownBox,
    _place,
    _shared,
    draw_boxes,
)

LINES = [Said('run', 0.93), Said('listen to (a person)', 0.5)]


def share_of(picture: np.ndarray, colour: int) -> np.ndarray:
    return (picture == COLOURS[colour]).all(-1)


def test_a_box_is_drawn_where_it_is() -> None:
    frame = np.zeros((240, 320, 3), np.uint8)
    picture = draw_boxes(frame, [ShownBox((100, 60, 200, 180), [], 1)])
    rows, columns = np.nonzero(share_of(picture, 1))
    assert (columns.min(), rows.min(), columns.max(), rows.max()) == (100, 60, 200, 180)
    assert not picture[70:170, 110:190].any() and not frame.any()


def test_text_stands_above_its_box_or_within_one_that_fills_the_frame() -> None:
    frame = np.zeros((240, 320, 3), np.uint8)
    above = share_of(draw_boxes(frame, [ShownBox((50, 100, 150, 200), LINES, 2)]), 2)
    assert above[:100].any() and not above[103:197, 55:145].any()
    full = share_of(draw_boxes(frame, [ShownBox((2, 2, 318, 238), LINES, 2)]), 2)
    assert full[5:60, 5:140].mean() > 0.3


def test_text_covers_neither_its_person_nor_another() -> None:
    """The box reaches the upper edge, and another person is below it."""
    frame = np.zeros((240, 320, 3), np.uint8)
    shown = [ShownBox((20, 2, 120, 150), LINES, 2), ShownBox((20, 152, 120, 236), [], 1)]
    text = share_of(draw_boxes(frame, shown), 2)
    assert text[5:60, 125:220].mean() > 0.3  # beside it
    assert not text[5:147, 25:115].any() and not text[156:].any()


@pytest.mark.parametrize('size', [(240, 320), (36, 48), (9, 9), (1080, 1920)])
@pytest.mark.parametrize('box', [(-40, -40, 900, 900), (300, 230, 400, 300), (0, 0, 0, 0)])
def test_anything_can_be_drawn_on_anything(size: tuple[int, int], box: tuple) -> None:
    frame = np.full((*size, 3), 77, np.uint8)
    lines = [Said('an action with a very long name ' * 4, 0.5)] * 9
    picture = draw_boxes(frame, [ShownBox(box, lines, 11), ShownBox(box, lines, 3)])
    assert picture.shape == frame.shape and picture.dtype == np.uint8
    assert (picture != 77).any() and (frame == 77).all()
    assert draw_boxes(frame, []) is frame


@settings(max_examples=100)
@given(
    box=st.tuples(*[st.floats(-50, 400)] * 2, *[st.floats(1, 200)] * 2),
    block=st.tuples(st.floats(1, 300), st.floats(1, 200)),
)
def test_text_lies_inside_the_frame(box: tuple, block: tuple) -> None:
    x, y, width, height = box
    left, top = _place((x, y, x + width, y + height), block, (320, 240), [], [])
    assert left >= 0 and left + block[0] <= 320 and top >= 0 and top + block[1] <= 240


def test_text_of_neighbours_does_not_cover_one_another() -> None:
    box, block, taken = (100, 100, 200, 200), (80, 30), []
    for _ in range(4):
        x, y = _place(box, block, (320, 240), taken, [box])
        mine = (x, y, x + block[0], y + block[1])
        assert not any(_shared(mine, other) for other in [*taken, box])
        taken.append(mine)
    inside = _place(box, block, (320, 240), taken, [box])
    assert inside == (100, 100)  # no other text is there
