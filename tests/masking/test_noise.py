"""BERT noise: 80 % the mask code, 10 % random codes, 10 % kept, per token or per block."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmvideomae.masking import BertNoise, BlockMask

GRID = (5, 16, 16)


def shares(found: np.ndarray) -> list[float]:
    return [float((found == -1).mean()), float((found >= 0).mean()), float((found == -2).mean())]


def test_shares_per_token() -> None:
    mask = np.ones(GRID, bool)
    rng = np.random.default_rng(0)
    found = np.stack([BertNoise(64)(rng, mask) for _ in range(40)])
    assert shares(found) == pytest.approx([0.8, 0.1, 0.1], abs=0.01)
    codes = np.bincount(found[found >= 0], minlength=64)
    assert len(codes) == 64 and codes.min() > 40  # 80 on average
    same = found[:, :, :, 1:] == found[:, :, :, :-1]
    assert same.mean() == pytest.approx(0.64 + 0.01 + 0.01 / 64, abs=0.01)  # neighbours differ


def test_shares_per_block_and_codes_of_their_own_within_one() -> None:
    rng, noise = np.random.default_rng(0), BertNoise(4096, per='block')
    block = (slice(0, 3), slice(2, 9), slice(4, 11))
    mask = np.zeros(GRID, bool)
    mask[block] = True
    inside = [noise(rng, mask, [block])[block] for _ in range(4000)]
    kinds = [np.unique(np.minimum(found, 0)) for found in inside]
    assert all(len(kind) == 1 for kind in kinds)
    assert shares(np.concatenate(kinds)) == pytest.approx([0.8, 0.1, 0.1], abs=0.02)
    codes = next(found for found in inside if found[0, 0, 0] >= 0)
    assert len(np.unique(codes)) > 0.9 * codes.size


@given(seed=st.integers(0, 2**32 - 1), count=st.integers(1, 6))
def test_later_blocks_overwrite_but_for_those_that_keep(seed, count) -> None:
    generator = BlockMask((4, 6, 6), count)
    blocks = generator.draw_blocks(np.random.default_rng(seed))
    mask = generator.cover(blocks)
    found = BertNoise(9, per='block', shares=(0.4, 0.3))(np.random.default_rng(seed), mask, blocks)
    rng = np.random.default_rng(seed)
    by_hand = np.full(mask.shape, -2)
    for block in blocks:
        draw = rng.random()
        if draw < 0.4:
            by_hand[block] = -1
        elif draw < 0.7:
            by_hand[block] = rng.integers(9, size=by_hand[block].shape)
    assert found.dtype == np.int64 and (found == by_hand).all()


@given(seed=st.integers(0, 2**32 - 1), per=st.sampled_from(['token', 'block']))
def test_nothing_changes_where_nothing_is_hidden(seed, per) -> None:
    rng = np.random.default_rng(seed)
    generator = BlockMask(GRID, 4)
    blocks = generator.draw_blocks(rng)
    mask = generator.cover(blocks) & (np.arange(5) < 3)[:, None, None]
    found = BertNoise(9, per)(rng, mask, blocks)
    assert (found[~mask] == -2).all() and found.max() < 9


def test_wrong_arguments_are_named() -> None:
    with pytest.raises(ValueError, match="per must be 'token' or 'block', got 'clip'"):
        BertNoise(8, 'clip')
    with pytest.raises(ValueError, match='num_codes must be positive, got 0'):
        BertNoise(0)
    with pytest.raises(ValueError, match=r'exceed 1 in total, got \(0.9, 0.2\)'):
        BertNoise(8, shares=(0.9, 0.2))
