"""Cubes keep the order (t, h, w), channel fastest, and gathering equals indexing all tokens."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mmvideomae.ops.tokens import (
    gather_tokens,
    mask_to_ids,
    normalise_patches,
    patchify,
    unpatchify,
)

sides = st.tuples(st.integers(1, 3), st.integers(1, 4), st.integers(1, 4))


@settings(max_examples=30)
@given(grid=sides, tubelet=st.integers(1, 3), patch=st.integers(1, 4), channels=st.integers(1, 3))
def test_unpatchify_inverts_patchify(
    grid: tuple[int, int, int], tubelet: int, patch: int, channels: int
) -> None:
    t, h, w = grid
    clips = torch.randn(2, channels, t * tubelet, h * patch, w * patch)
    tokens = patchify(clips, tubelet, patch)
    assert tokens.shape == (2, t * h * w, tubelet * patch * patch * channels)
    assert torch.equal(unpatchify(tokens, grid, tubelet, patch), clips)


def test_one_token_is_the_cube_at_its_place() -> None:
    clip = torch.randn(1, 3, 4, 12, 16)
    token = patchify(clip, 2, 4)[0, (1 * 3 + 2) * 4 + 3]
    cube = clip[0, :, 2:4, 8:12, 12:16]
    assert torch.equal(token, cube.permute(1, 2, 3, 0).flatten())


@settings(max_examples=30)
@given(seed=st.integers(0, 2**16), count=st.integers(1, 12))
def test_gathered_patches_equal_those_of_the_whole_clip(seed: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    clips = torch.from_numpy(rng.normal(size=(3, 2, 4, 6, 4)))
    ids = torch.from_numpy(np.stack([rng.permutation(12)[:count] for _ in range(3)]))
    whole = patchify(clips, 2, 2)
    assert torch.equal(patchify(clips, 2, 2, ids), gather_tokens(whole, ids))


def test_a_clip_that_does_not_divide_is_refused_with_its_size() -> None:
    with pytest.raises(ValueError, match='3 frames of 8x8'):
        patchify(torch.zeros(1, 3, 3, 8, 8), 2, 4)


@settings(max_examples=30)
@given(seed=st.integers(0, 2**16), masked=st.integers(0, 9))
def test_ids_are_the_ascending_positions_of_a_mask(seed: int, masked: int) -> None:
    rng = np.random.default_rng(seed)
    mask = np.stack([rng.permutation(np.arange(9) < masked) for _ in range(4)])
    for value in (True, False):
        ids = mask_to_ids(torch.from_numpy(mask), value)
        expected = np.stack([np.flatnonzero(row == value) for row in mask])
        assert np.array_equal(ids.numpy(), expected)


def test_masks_of_unequal_counts_are_refused() -> None:
    mask = torch.tensor([[True, False, False], [True, True, False]])
    with pytest.raises(ValueError, match='but have 1 to 2'):
        mask_to_ids(mask)


def test_normalised_patches_restate_the_papers_rule() -> None:
    torch.manual_seed(0)
    patches = torch.rand(2, 5, 2 * 4 * 3, dtype=torch.float64)
    result = normalise_patches(patches).numpy().reshape(2, 5, 8, 3)
    values = patches.numpy().reshape(2, 5, 8, 3)
    mean = values.mean(2, keepdims=True)
    expected = (values - mean) / (values.std(2, ddof=1, keepdims=True) + 1e-6)
    np.testing.assert_allclose(result, expected, rtol=1e-12, atol=1e-12)
