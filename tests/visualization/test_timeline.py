"""Contract: a timeline's picture shows each class for as long as it is the most probable."""

import numpy as np
import pytest

from mmvideomae.visualization.canvas import shortened
from mmvideomae.visualization.class_colours import class_colours
from mmvideomae.visualization.timeline import (
    clock,
    draw_segments,
    draw_timeline,
    moment,
    pick_classes,
)

BLUE, RED, GREY = (0x21, 0x66, 0xAC), (0xD6, 0x60, 0x4D), (0xCC, 0xCC, 0xCC)
GREEN = (0x4D, 0x92, 0x21)


def scores_of(labels: list[int], classes: int) -> np.ndarray:
    scores = np.full((len(labels), classes), 0.4 / (classes - 1), np.float32)
    scores[np.arange(len(labels)), labels] = 0.6
    return scores


def share(picture: np.ndarray, colour: tuple[int, int, int]) -> int:
    """Pixels of a colour in the row of the strip with most of it."""
    return int((picture == colour).all(-1).sum(1).max())


def test_strip_is_as_long_as_each_class_lasts() -> None:
    labels = [0] * 6 + [2] * 2
    picture = draw_timeline(np.arange(8.0), np.arange(1.0, 9.0), scores_of(labels, 3), 'abc')
    assert picture.ndim == 3 and picture.dtype == np.uint8
    assert share(picture, BLUE) == pytest.approx(3 * share(picture, GREEN), rel=0.03)
    assert share(picture, GREEN) > 100


def test_classes_beyond_the_rows_are_grey() -> None:
    picture = draw_timeline(
        np.arange(4.0), np.arange(1.0, 5.0), scores_of([0, 0, 0, 1], 3), 'abc', rows=1
    )
    assert share(picture, GREY) > 100 and share(picture, RED) == 0


def test_one_window_and_long_names_and_hundreds_of_classes() -> None:
    names = [f'pretending to put number {n} behind something else entirely' for n in range(400)]
    picture = draw_timeline(np.zeros(1), np.ones(1), scores_of([399], 400), names, 'a title')
    colour = tuple(bytes.fromhex(class_colours(names)[names[399]][1:]))
    assert picture.shape[1] == 1210 and share(picture, colour) > 500


def test_rows_are_winners_and_what_came_near() -> None:
    scores = np.zeros((3, 5), np.float32)
    scores[:, 3], scores[0, 1], scores[1, 2], scores[2, 4] = 0.5, 0.9, 0.4, 0.05
    assert pick_classes(scores, 10) == [3, 1, 2]
    assert pick_classes(scores, 2) == [3, 1]


@pytest.mark.parametrize(('seconds', 'text'), [
    (0, '0:00'), (9.5, '0:09.5'), (75.25, '1:15.25'), (59.999, '1:00'), (3600, '1:00:00'),
    (3725.5, '1:02:05.5'),
])  # fmt: skip
def test_clock(seconds: float, text: str) -> None:
    assert clock(seconds) == text


@pytest.mark.parametrize(('seconds', 'text'), [
    (0, '0:00.0'), (75.25, '1:15.2'), (59.97, '1:00.0'), (3725.5, '1:02:05.5'),
])  # fmt: skip
def test_moments_have_one_decimal(seconds: float, text: str) -> None:
    assert moment(seconds) == text


def test_a_class_has_one_colour_in_all_pictures() -> None:
    """Whatever its rank in a picture is."""
    names = [f'class {number}' for number in range(40)]
    colours = class_colours(names)
    assert len(set(colours.values())) == 40
    rgb = [tuple(bytes.fromhex(colours[name][1:])) for name in names]
    for number in (3, 25):
        windows = draw_timeline(np.zeros(1), np.ones(1), scores_of([number], 40), names)
        segments = [(0.0, 9.0, names[number], 1.0), (0.0, 5.0, names[0], 0.9)]
        found = draw_segments(segments, 10.0, colours=colours)
        assert share(windows, rgb[number]) > 500 and share(found, rgb[number]) > 500
        assert share(windows, rgb[0]) == 0


def test_true_segments_are_drawn_also_of_classes_that_were_not_found() -> None:
    colours = {'a': '#2166ac', 'b': '#d6604d'}
    picture = draw_segments([(0.0, 5.0, 'a', 1.0)], 10.0, colours=colours, truth=[(5.0, 10.0, 'b')])
    assert share(picture, RED) == pytest.approx(share(picture, BLUE), rel=0.03)


def test_segments_are_as_long_as_they_last_and_fade_with_their_score() -> None:
    segments = [(0.0, 6.0, 'a', 1.0), (7.0, 9.0, 'b', 1.0), (6.0, 9.0, 'a', 0.5)]
    picture = draw_segments(segments, 10.0, 'a title', colours={'a': '#2166ac', 'b': '#d6604d'})
    assert picture.ndim == 3 and picture.dtype == np.uint8
    assert share(picture, BLUE) == pytest.approx(3 * share(picture, RED), rel=0.03)
    half = tuple(round((255 + value) / 2) for value in BLUE)
    near = np.abs(picture.astype(int) - half).max(-1) <= 2
    assert int(near.sum(1).max()) == pytest.approx(share(picture, BLUE) / 2, rel=0.03)


def test_better_segments_lie_on_top() -> None:
    under, over = (0.0, 10.0, 'a', 0.1), (2.0, 6.0, 'a', 1.0)
    pictures = [draw_segments(each, 10.0) for each in ([under, over], [over, under])]
    np.testing.assert_array_equal(*pictures)
    assert share(pictures[0], BLUE) > 100


def test_only_the_best_classes_get_rows_and_none_are_told() -> None:
    segments = [(0.0, 5.0, 'a', 0.2), (5.0, 10.0, 'b', 1.0)]
    np.testing.assert_array_equal(
        draw_segments(segments, 10.0, rows=1), draw_segments(segments[1:], 10.0)
    )
    assert draw_segments([], 10.0).shape[1] == 1210


def test_any_name_can_be_drawn() -> None:
    """Dollars would begin a formula for matplotlib."""
    names = ['a $x^$ b', 'line\nbreak', 'long ' * 2000, '$', r'\\frac{']
    segments = [(float(n), n + 1.0, name, 0.9) for n, name in enumerate(names)]
    assert draw_segments(segments, 5.0, title='$x^$.mp4').ndim == 3
    assert shortened('a $x^$\nb') == r'a \$x^\$ b'
