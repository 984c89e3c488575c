"""Contract: classes that are confused are neighbours; bars are as long as their shares."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmvideomae.visualization.confusion import draw_confusions, draw_gains, order_by_confusion

FIRST, SECOND = (0xBD, 0xBD, 0xBD), (0x21, 0x66, 0xAC)


@given(st.integers(1, 4), st.integers(2, 5), st.integers(0, 99))
def test_groups_stand_together(groups: int, size: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    member = rng.permutation(np.repeat(np.arange(groups), size))
    shares = np.where(member[:, None] == member, 0.1 + 0.05 * rng.random((len(member),) * 2), 0.001)
    order = order_by_confusion(shares)
    assert sorted(order.tolist()) == list(range(len(member)))
    assert (np.diff(member[order]) != 0).sum() == groups - 1


def test_strongest_pair_is_adjacent_in_either_direction() -> None:
    shares = np.eye(6)
    shares[4, 1] = 0.3
    order = order_by_confusion(np.stack([np.eye(6), shares])).tolist()
    assert abs(order.index(4) - order.index(1)) == 1
    assert order_by_confusion(np.ones((1, 1))).tolist() == [0]


def test_order_and_shares_are_drawn() -> None:
    shares = np.eye(16)[None].repeat(2, 0)
    names = [f'class {n}' for n in range(16)]
    straight = draw_confusions(shares, names, ('A', 'B'), np.arange(16))
    shares[1, 3] = np.eye(16)[12]
    moved = draw_confusions(shares, names, ('A', 'B'), np.arange(16))
    half = straight.shape[1] // 2
    assert (straight[:, :half] == moved[:, :half]).mean() > 0.999
    assert (straight[:, half:] != moved[:, half:]).any()


@pytest.mark.parametrize('classes', [1, 15, 30, 400])
def test_any_number_of_classes(classes: int) -> None:
    names = [f'pretending to put number {n} behind something else' for n in range(classes)]
    picture = draw_confusions(np.eye(classes)[None], names, ('A',))
    assert picture.dtype == np.uint8 and min(picture.shape[:2]) > 300


def length(picture: np.ndarray, colour: tuple[int, int, int], left: bool) -> int:
    half = picture.shape[1] // 2
    part = picture[:-40, :half] if left else picture[:-40, half:]  # without the legend
    return int((part == colour).all(-1).sum(1).max())


def test_bars_are_as_long_as_shares_and_on_their_side() -> None:
    picture = draw_gains(
        ['up', 'down', 'same'], np.array([[0.2, 0.9, 0.5], [0.8, 0.3, 0.5]]), ('A', 'B')
    )
    for left, first, second in ((True, 0.2, 0.8), (False, 0.9, 0.3)):
        assert length(picture, FIRST, left) / length(picture, SECOND, left) == pytest.approx(
            first / second, rel=0.03
        )


def test_sides_without_classes_and_many_classes() -> None:
    same = draw_gains(['a'], np.array([[0.5], [0.5]]), ('A', 'B'))
    assert length(same, SECOND, True) == length(same, SECOND, False) == 0
    only = draw_gains(['a'], np.array([[0.9], [0.5]]), ('A', 'B'))
    assert length(only, SECOND, True) == 0 < length(only, SECOND, False)
    rng = np.random.default_rng(0)
    few, many = (
        draw_gains([f'c{n}' for n in range(100)], rng.random((2, 100)), ('A', 'B'), count)
        for count in (5, 20)
    )
    assert few.shape[0] < many.shape[0]
