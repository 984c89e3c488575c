"""Protects distances as expectations over bins: equal to a slow restatement."""

import math

import pytest
import torch

from mmvideomae.ops.boundary_bins import expected_distances


@pytest.mark.parametrize(('length', 'bins'), [(1, 3), (5, 3), (9, 16)])
def test_each_distance_is_an_expectation(length: int, bins: int) -> None:
    generator = torch.Generator().manual_seed(length)
    starts, ends = (torch.randn(2, length, 3, generator=generator) for _ in range(2))
    centre = torch.randn(2, length, 2, bins + 1, generator=generator)
    found = expected_distances(starts, ends, centre)
    assert found.shape == (2, length, 3, 2)
    for b in range(2):
        for t in range(length):
            for k in range(3):
                left = right = left_sum = right_sum = 0.0
                for away in range(bins + 1):
                    at_start = starts[b, t - away, k].item() if t >= away else 0.0
                    at_end = ends[b, t + away, k].item() if t + away < length else 0.0
                    one = math.exp(at_start + centre[b, t, 0, bins - away].item())
                    other = math.exp(at_end + centre[b, t, 1, away].item())
                    left, left_sum = left + away * one, left_sum + one
                    right, right_sum = right + away * other, right_sum + other
                wanted = [left / left_sum, right / right_sum]
                assert found[b, t, k].tolist() == pytest.approx(wanted, rel=1e-4)
