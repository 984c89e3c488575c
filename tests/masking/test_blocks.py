"""VIMPAC's masks: boxes by the released rule, the ratios of Table 2, and independent tokens."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmvideomae.masking import BlockMask, IidMask
from mmvideomae.registry import MASK_GENERATORS

# Percent of the tokens that 4 to 8 blocks hide (Table 2 of the paper, whose row of 5 x 16 x 16
# lacks 5 and 7: those are by the rule).
TABLE_2 = {
    (5, 16, 16): (11.9, 14.5, 17.0, 19.4, 21.7),
    (5, 32, 32): (10.6, 13.1, 15.2, 17.5, 19.5),
    (10, 16, 16): (10.4, 12.8, 15.0, 17.1, 19.2),
    (10, 32, 32): (9.3, 11.4, 13.4, 15.4, 17.2),
}
GRIDS = st.tuples(st.integers(1, 12), st.integers(1, 9), st.integers(1, 9)).filter(
    lambda grid: np.prod(grid) > 1
)
SEEDS = st.integers(0, 2**32 - 1)


@pytest.mark.parametrize('grid', TABLE_2)
def test_shares_of_the_table_at_20000_draws(grid: tuple[int, int, int]) -> None:
    """Masks of eight blocks grow block by block, so that one set of draws serves the row."""
    generator, rng = BlockMask(grid, 8), np.random.default_rng(0)
    hidden = np.zeros(9)
    for _ in range(20000):
        mask = np.zeros(grid, bool)
        for number, block in enumerate(generator.draw_blocks(rng), 1):
            mask[block] = True
            if number >= 4:
                hidden[number] += np.count_nonzero(mask)
    shares = 100 * hidden[4:] / (20000 * np.prod(grid))
    assert np.abs(shares - TABLE_2[grid]).max() < 0.2
    expected = [100 * BlockMask(grid, number).ratio for number in range(4, 9)]
    assert np.abs(shares - expected).max() < 0.15


def test_two_thirds_are_rounded_down() -> None:
    rng = np.random.default_rng(0)
    for grid, longest in (((5, 16, 16), (3, 8, 8)), ((10, 32, 32), (6, 16, 16))):
        blocks = BlockMask(grid, 400).draw_blocks(rng)
        sides = np.array([[part.stop - part.start for part in block] for block in blocks])
        assert sides.max(0).tolist() == list(longest) and sides.min(0).tolist() == [1, 1, 1]


@given(grid=GRIDS, count=st.integers(1, 8), seed=SEEDS)
def test_blocks_lie_inside_and_are_covered(grid, count, seed) -> None:
    generator = BlockMask(grid, count)
    blocks = generator.draw_blocks(np.random.default_rng(seed))
    assert len(blocks) == count
    for block in blocks:
        for part, side, most in zip(block, grid, (2 / 3, 1 / 2, 1 / 2), strict=True):
            assert 0 <= part.start < part.stop <= side
            assert part.stop - part.start <= max(1, side * most + 1e-9)
    by_hand = np.zeros(grid, bool)
    for place in np.ndindex(grid):
        by_hand[place] = any(
            all(part.start <= at < part.stop for part, at in zip(block, place, strict=True))
            for block in blocks
        )
    mask = generator(np.random.default_rng(seed))
    assert mask.dtype == bool and (mask == by_hand).all() and mask.any()


@given(grid=GRIDS, count=st.integers(1, 4))
def test_the_expected_share_is_that_of_all_boxes(grid, count) -> None:
    """Every box with its chance, counted one by one."""
    longest = [max(1, grid[0] * 2 // 3), max(1, grid[1] // 2), max(1, grid[2] // 2)]
    one = np.ones(grid)
    for axis, (side, most) in enumerate(zip(grid, longest, strict=True)):
        held = [
            sum(
                (start <= place < start + length) / (side - length + 1) / most
                for length in range(1, most + 1)
                for start in range(side - length + 1)
            )
            for place in range(side)
        ]
        one *= np.expand_dims(held, [other for other in range(3) if other != axis])
    assert BlockMask(grid, count).ratio == pytest.approx(1 - ((1 - one) ** count).mean())


def test_places_are_uniform_where_a_block_fits() -> None:
    generator, rng = BlockMask((3, 4, 2), 1), np.random.default_rng(0)
    starts: dict[int, list[int]] = {}
    for _ in range(6000):
        (block,) = generator.draw_blocks(rng)
        starts.setdefault(block[1].stop - block[1].start, []).append(block[1].start)
    assert sorted(starts) == [1, 2]
    for length, found in starts.items():
        counts = np.bincount(found, minlength=5 - length) / len(found)
        assert np.abs(counts - 1 / (5 - length)).max() < 0.03


@pytest.mark.parametrize('ratio', [0.119, 0.145, 0.5])
def test_independent_tokens(ratio: float) -> None:
    generator, rng = IidMask((5, 16, 16), ratio), np.random.default_rng(0)
    masks = np.stack([generator(rng) for _ in range(2000)])
    counts = masks.reshape(2000, -1).sum(1)
    assert counts.mean() / 1280 == pytest.approx(ratio, abs=0.002)
    assert counts.std() == pytest.approx(np.sqrt(1280 * ratio * (1 - ratio)), rel=0.1)  # binomial
    assert np.abs(masks.mean(0) - ratio).max() < 0.06


@given(seed=SEEDS)
def test_draws_depend_on_the_seed_only(seed) -> None:
    for config in ({'type': 'BlockMask', 'num_blocks': 5}, {'type': 'IidMask', 'ratio': 0.3}):
        one, other = (MASK_GENERATORS.build({**config, 'grid_size': (5, 8, 8)}) for _ in range(2))
        first = one(np.random.default_rng(seed))
        assert (first == other(np.random.default_rng(seed))).all()
        assert one.num_masked is None


def test_wrong_arguments_are_named() -> None:
    with pytest.raises(ValueError, match='num_blocks must be positive, got 0'):
        BlockMask((5, 16, 16), 0)
    with pytest.raises(ValueError, match='ratio 0 hides no token'):
        IidMask((5, 16, 16), 0)
    with pytest.raises(ValueError, match=r'ratio must lie in \[0, 1\), got 15'):
        IidMask((5, 16, 16), 15)
    assert repr(BlockMask((5, 16, 16), 5)) == (
        'BlockMask(grid_size=(5, 16, 16), num_blocks=5) of 14.4%'
    )
