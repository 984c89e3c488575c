"""Contract: the effective rank is RankMe's, and the motion probe sees nothing but motion."""

import numpy as np
import pytest
import torch

from mmvideomae.ops.feature_rank import direction_accuracy, effective_rank, moving_still


def test_the_effective_rank_is_that_of_the_paper() -> None:
    features = np.random.default_rng(0).normal(size=(40, 6)) * [5, 3, 1, 1, 0.1, 0.1] + 2
    values = np.linalg.svd(features, compute_uv=False)
    shares = values / values.sum() + 1e-7
    wanted = np.exp(-(shares * np.log(shares)).sum())
    assert effective_rank(torch.from_numpy(features)) == pytest.approx(wanted, rel=1e-4)
    assert effective_rank(torch.ones(9, 4)) == pytest.approx(1, abs=1e-4)
    assert effective_rank(torch.eye(5)) == pytest.approx(5, abs=1e-3)


def test_a_still_moves_in_four_directions() -> None:
    frame = torch.arange(2 * 6 * 8).reshape(2, 6, 8)
    clips = moving_still(frame, 3, 2)
    assert clips.shape == (4, 2, 3, 6, 8)
    assert all(torch.equal(clip[:, 0], frame) for clip in clips)
    right, left, down, up = clips[:, :, 2]
    assert torch.equal(right[:, :, 4:], frame[:, :, :4])
    assert torch.equal(left[:, :, :4], frame[:, :, 4:])
    assert torch.equal(down[:, 4:], frame[:, :2])
    assert torch.equal(up[:, :2], frame[:, 4:])


def test_directions_count_and_appearance_does_not() -> None:
    generator = torch.Generator().manual_seed(0)
    appearance = 10 * torch.randn(64, 1, 8, generator=generator)
    noise = torch.randn(64, 4, 8, generator=generator)
    direction = torch.randn(4, 8, generator=generator)
    assert direction_accuracy(appearance + 4 * direction + 0.1 * noise) == 1
    assert direction_accuracy(appearance + noise) < 0.4
