"""Attention along axes is attention within rows of a grid, each preceded by CLS."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mmvideomae.ops.axis_attention import attend_along, from_rows, to_rows
from tests.support.dense_codes import dense_attention, rows_of

AXES = {'T': (0,), 'H': (1,), 'W': (2,), 'TH': (0, 1), 'TW': (0, 2), 'HW': (1, 2), 'THW': (0, 1, 2)}
sides = st.tuples(st.integers(1, 4), st.integers(1, 4), st.integers(1, 4))


@pytest.mark.parametrize('names', AXES)
@settings(max_examples=15, deadline=None)
@given(grid=sides, batch=st.integers(1, 3))
def test_rows_hold_cls_and_their_tokens_in_order(
    names: str, grid: tuple[int, int, int], batch: int
) -> None:
    count = grid[0] * grid[1] * grid[2]
    x = torch.arange(batch * (1 + count)).view(batch, 1 + count, 1)
    rows = to_rows(x, grid, AXES[names])
    places = rows_of(grid, names)
    expected = [
        [clip[0].item(), *(clip[1 + place].item() for place in row)] for clip in x for row in places
    ]
    assert rows[..., 0].tolist() == expected
    assert torch.equal(from_rows(rows.double(), grid, AXES[names]), x.double())


@pytest.mark.parametrize('names', AXES)
@pytest.mark.parametrize('padded', [False, True])
def test_equals_dense_attention(names: str, padded: bool) -> None:
    torch.manual_seed(0)
    grid, heads = (3, 2, 4), 2
    qkv = torch.randn(2, 25, 3 * 8, dtype=torch.float64, requires_grad=True)
    pad = torch.rand(2, *grid) < 0.4
    pad[1, 1] = True
    out = attend_along(qkv, grid, AXES[names], heads, pad=pad if padded else None)
    q, k, v = (part.unflatten(2, (heads, -1)).transpose(1, 2) for part in qkv.chunk(3, -1))
    ignored = pad if padded else torch.zeros_like(pad)
    expected = dense_attention(q, k, v, rows_of(grid, names), ignored).transpose(1, 2).flatten(2)
    torch.testing.assert_close(out, expected, rtol=0, atol=1e-12)
    weights = torch.randn_like(out)
    ours, dense = (torch.autograd.grad((each * weights).sum(), qkv)[0] for each in (out, expected))
    torch.testing.assert_close(ours, dense, rtol=0, atol=1e-12)


def test_dropout_acts_on_probabilities() -> None:
    torch.manual_seed(0)
    grid = (64, 1, 1)
    # All scores are alike and all values 1: kept probabilities add up to their share.
    qkv = torch.cat([torch.zeros(4, 65, 16), torch.ones(4, 65, 8)], -1)
    out = attend_along(qkv, grid, (0,), 1, dropout=0.25)
    assert torch.equal(attend_along(qkv, grid, (0,), 1), torch.ones(4, 65, 8))
    assert out.mean().item() == pytest.approx(1, abs=0.02) and out.std() > 0.03
    steps = out * 65 * 0.75
    torch.testing.assert_close(steps, steps.round(), rtol=0, atol=1e-3)
