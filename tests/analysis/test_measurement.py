"""Memory is what autograd and the allocator keep, and speed is compared with matrix products."""

import pytest
import torch
from torch import nn

from mmvideomae.analysis.measurement import matmul_rate, saved_for_backward, watch_allocation

CPU = torch.device('cpu')


def test_rate_counts_two_operations_per_multiply_accumulate(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = iter(range(100))
    monkeypatch.setattr('time.perf_counter', lambda: next(clock))
    assert matmul_rate(CPU, torch.float32, size=10) == 2 * 10**3


def test_saved_bytes_are_counted_once_and_without_parameters() -> None:
    model = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 4))
    x = torch.randn(10, 8)
    out, saved = saved_for_backward(lambda: model(x), model)
    # The input and the ReLU's output, which the last layer keeps as well.
    assert saved == 4 * (10 * 8 + 10 * 16)
    assert out.shape == (10, 4)


def test_views_of_one_storage_count_once_and_whole() -> None:
    x = torch.randn(100, 10, requires_grad=True)

    def run() -> torch.Tensor:
        y = x + 1
        return (y[:1].exp() * 0).sum() + y[1:2].square().sum() + y[2:3].square().sum()

    # exp keeps its output of 40 bytes; both squares keep a view of y, all of which stays.
    _, saved = saved_for_backward(run, nn.Identity())
    assert saved == 4 * (100 * 10 + 10)


def test_allocation_follows_what_is_held_and_its_peak() -> None:
    size = 4 * 1000

    def run() -> torch.Tensor:
        kept = torch.ones(1000)
        return kept + torch.ones(2000).sum()

    result, allocation = watch_allocation(run, CPU)
    assert allocation.left == pytest.approx(size, abs=64)
    assert allocation.peak == pytest.approx(3 * size, abs=64)
    assert result.shape == (1000,)
