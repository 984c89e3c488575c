"""Operations are counted as on paper: two per product and addition, norms per element."""

from math import prod

import pytest
import torch
from torch.nn import functional as F

from mmvideomae.analysis.operation_counter import (
    NORM,
    NORM_COST,
    StrangeOperators,
    operation_counter,
    product_macs,
)

B, HEADS, N, WIDTH = 2, 3, 10, 8


def counted(run) -> dict:
    with operation_counter() as counter:
        run()
    return counter.get_flop_counts()['Global']


def test_norms_cost_per_element_and_are_no_products() -> None:
    x, weight = torch.randn(4, N, WIDTH), torch.randn(5, WIDTH)
    found = counted(lambda: F.linear(F.layer_norm(x, (WIDTH,)), weight))
    assert found[NORM] == 2 * NORM_COST * x.numel()
    assert product_macs(found) == 4 * N * WIDTH * 5


def test_fused_attention_counts_its_two_products_forward_and_four_backward() -> None:
    parts = [torch.randn(B, HEADS, N, WIDTH, requires_grad=True) for _ in range(3)]
    product = B * HEADS * N * N * WIDTH
    forward = counted(lambda: F.scaled_dot_product_attention(*parts))
    assert product_macs(forward) == 2 * product
    both = counted(lambda: F.scaled_dot_product_attention(*parts).sum().backward())
    assert product_macs(both) == (2 + 4) * product
    assert all(part.grad is not None for part in parts)


@pytest.fixture
def strange() -> str:
    """An operator of another library, whose cost nobody knows."""
    library = torch.library.Library('test_operation_counter', 'DEF')
    library.define('twice(Tensor x) -> Tensor')
    library.impl('twice', lambda x: x * 2, 'CPU')
    library.impl('twice', lambda x: torch.empty_like(x), 'Meta')
    yield 'test_operation_counter.twice'
    library._destroy()


def test_operators_of_other_libraries_are_noted(strange: str) -> None:
    with StrangeOperators() as mode:
        torch.ops.test_operation_counter.twice(torch.ones(2) + 1)
    assert [name.rpartition('.')[0] for name in mode.names] == [strange]


def test_real_masks_meet_tensors_without_memory() -> None:
    tokens, ids = torch.empty(1, N, WIDTH, device='meta'), torch.arange(4)
    with StrangeOperators() as mode:
        kept = tokens[:, ids]
    assert kept.is_meta and kept.shape == (1, 4, WIDTH) and not mode.names
    assert prod(kept.shape) == 4 * WIDTH
