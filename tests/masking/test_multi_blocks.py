"""Contract: masks of V-JEPA are unions of equal blocks, and nested tubes are nested."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmvideomae.masking import MultiBlockMask, NestedTubeMask

GRID = (4, 14, 14)


@given(seed=st.integers(0, 2**32), kind=st.sampled_from([(8, 0.15), (2, 0.7)]))
def test_masks_are_unions_of_blocks_through_all_slots(seed: int, kind: tuple[int, float]) -> None:
    mask = MultiBlockMask(GRID, *kind)(np.random.default_rng(seed))
    assert mask.shape == GRID and not mask.all() and (mask == mask[:1]).all()
    assert mask[0].mean() >= 0.85 * kind[1]  # at least one block, with rounded sides


def test_one_block_has_the_area_and_aspect() -> None:
    rng = np.random.default_rng(0)
    generator = MultiBlockMask(GRID, 1, 0.3, aspect=(0.5, 2.0))
    shapes = set()
    for _ in range(300):
        rows, columns = np.nonzero(generator(rng)[0])
        height, width = np.ptp(rows) + 1, np.ptp(columns) + 1
        assert height * width == len(rows)  # a full rectangle
        assert abs(height * width - 58) <= 8 and 0.4 <= height / width <= 2.4
        shapes.add((height, width))
    assert len(shapes) >= 5


@given(seed=st.integers(0, 2**32), places=st.integers(1, 195))
def test_a_given_count_is_exact(seed: int, places: int) -> None:
    generator = MultiBlockMask(GRID, 8, 0.15, places=places)
    mask = generator(np.random.default_rng(seed))
    assert mask.sum() == generator.num_masked == 4 * places and (mask == mask[:1]).all()


def test_a_count_moves_only_the_edge() -> None:
    rng = np.random.default_rng(3)
    free = MultiBlockMask(GRID, 4, 0.15)(rng)
    fixed = MultiBlockMask(GRID, 4, 0.15, places=int(free[0].sum()))
    assert (fixed(np.random.default_rng(3)) == free).all()
    less = MultiBlockMask(GRID, 4, 0.15, places=int(free[0].sum()) - 5)
    assert not (less(np.random.default_rng(3)) & ~free).any()
    more = MultiBlockMask(GRID, 4, 0.15, places=int(free[0].sum()) + 5)
    assert not (free & ~more(np.random.default_rng(3))).any()


def test_blocks_may_last_for_some_slots() -> None:
    mask = MultiBlockMask(GRID, 1, 0.2, time_scale=0.5)(np.random.default_rng(0))
    assert mask.any((1, 2)).sum() == 2


@pytest.mark.parametrize(
    'options',
    [
        {'num_blocks': 0},
        {'scale': 1.0},
        {'time_scale': 0},
        {'aspect': (2, 1)},
        {'places': 196},
        {'places': 50, 'time_scale': 0.5},
    ],
)
def test_refuses_impossible_settings(options: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=next(iter(options))):
        MultiBlockMask(GRID, **{'num_blocks': 2, 'scale': 0.3, **options})


@given(seed=st.integers(0, 2**32))
def test_a_teacher_sees_all_that_its_student_sees(seed: int) -> None:
    generator = NestedTubeMask(GRID, 0.9, 0.75)
    student, teacher = generator.draw_pair(np.random.default_rng(seed))
    assert student.sum() == generator.num_masked == 4 * 176 and teacher.sum() == 4 * 147
    assert not (teacher & ~student).any()
    assert all((mask == mask[:1]).all() for mask in (student, teacher))


def test_a_teacher_that_sees_less_is_refused() -> None:
    with pytest.raises(ValueError, match='must see more than its student'):
        NestedTubeMask(GRID, 0.75, 0.9)
