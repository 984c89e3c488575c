"""Contract: hidden codes become the nearest visible ones, ties by the order (t, h, w)."""

import itertools

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mmvideomae.ops import codes as module
from mmvideomae.ops.codes import copy_neighbours


def restated(codes: torch.Tensor, mask: torch.Tensor, within_frame: bool) -> torch.Tensor:
    """Place by place."""
    found = codes.clone()
    places = list(itertools.product(*map(range, codes.shape)))
    for t, h, w in (place for place in places if mask[place]):
        best = None
        for place in (place for place in places if not mask[place]):
            t2, h2, w2 = place
            distance = (h - h2) ** 2 + (w - w2) ** 2
            key = (abs(t - t2), distance) if within_frame else ((t - t2) ** 2 + distance,)
            if best is None or key < best[0]:
                best = key, place
        found[t, h, w] = codes[best[1]]
    return found


@given(
    st.tuples(st.integers(1, 4), st.integers(1, 5), st.integers(1, 5)),
    st.floats(0.05, 0.95),
    st.booleans(),
    st.integers(0, 99),
)
@settings(max_examples=40, deadline=None)
def test_the_nearest_code_is_copied(
    grid: tuple[int, int, int], ratio: float, within_frame: bool, seed: int
) -> None:
    generator = torch.Generator().manual_seed(seed)
    codes = torch.arange(grid[0] * grid[1] * grid[2]).view(grid)
    mask = torch.rand(grid, generator=generator) < ratio
    mask.view(-1)[0] = False
    found = copy_neighbours(codes, mask, within_frame)
    assert torch.equal(found, restated(codes, mask, within_frame))


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    codes, mask = torch.randint(99, (3, 6, 6)), torch.rand(3, 6, 6) < 0.4
    expected = copy_neighbours(codes, mask)
    monkeypatch.setattr(module, '_PAIRS', 200)  # some rows at a time
    assert torch.equal(copy_neighbours(codes, mask), expected)


def test_nothing_hidden_and_nothing_visible() -> None:
    codes = torch.randint(99, (2, 3, 3))
    assert torch.equal(copy_neighbours(codes, torch.zeros(2, 3, 3, dtype=torch.bool)), codes)
    with pytest.raises(ValueError, match='hides all codes'):
        copy_neighbours(codes, torch.ones(2, 3, 3, dtype=torch.bool))
    with pytest.raises(ValueError, match='does not fit'):
        copy_neighbours(codes, torch.zeros(2, 3, 4, dtype=torch.bool))
