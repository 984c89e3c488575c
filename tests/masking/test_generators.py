"""Masks: exact counts for any grid, the papers' patterns, draws that depend only on the seed."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmvideomae.masking import FrameMask, RandomMask, RunningCellMask, TubeMask, count_dropped
from mmvideomae.registry import MASK_GENERATORS

SIDES = st.integers(1, 17)
GRIDS = st.tuples(SIDES, SIDES, SIDES)
EVEN_GRIDS = st.tuples(SIDES, st.integers(1, 9), st.integers(1, 9)).map(
    lambda grid: (grid[0], 2 * grid[1], 2 * grid[2])
)
RATIOS = st.floats(0, 0.99)
CELL_RATIOS = st.sampled_from([0.25, 0.5, 0.75])
SEEDS = st.integers(0, 2**32 - 1)
KINDS = st.sampled_from([TubeMask, RandomMask, FrameMask])


def draw(generator, seed=0):
    return generator(np.random.default_rng(seed))


def cell_sequence(ratio, phase, slots):
    """The running cell in the papers' way: a queue, and a pointer moved before each slot."""
    dropped = {0.25: 1, 0.5: 2, 0.75: 3}[ratio]
    queue = [True] * dropped + [False] * (4 - dropped)
    cells, pointer = [], phase
    for _ in range(slots):
        pointer += 1
        turned = queue[pointer % 4 :] + queue[: pointer % 4]
        cells.append([turned[:2], turned[2:]])
    return np.array(cells)


@pytest.mark.parametrize(
    ('grid', 'ratio', 'per_slot', 'visible'),
    [
        ((8, 14, 14), 0.9, 176, 160),
        ((8, 14, 14), 0.75, 147, 392),
        ((8, 14, 14), 0.95, 186, 80),
        ((8, 16, 16), 0.9, 230, 208),
    ],
)
def test_tube_counts_of_the_papers(grid, ratio, per_slot, visible):
    mask = draw(TubeMask(grid, ratio))
    assert mask.shape == grid
    assert (mask.sum(axis=(1, 2)) == per_slot).all()
    assert (~mask).sum() == visible
    assert TubeMask(grid, ratio).num_masked == mask.sum()


@pytest.mark.parametrize('ratio', [0.25, 0.5, 0.75, 0.875, 0.9, 0.95])
def test_slack_changes_no_published_count(ratio):
    assert all(count_dropped(ratio, total) == int(ratio * total) for total in range(10000))


@pytest.mark.parametrize(('ratio', 'total', 'expected'), [(0.29, 100, 29), (0.57, 100, 57)])
def test_count_means_the_decimal_ratio(ratio, total, expected):
    assert int(ratio * total) == expected - 1
    assert count_dropped(ratio, total) == expected


@given(kind=KINDS, grid=GRIDS, ratio=RATIOS, seed=SEEDS)
def test_every_mask_has_the_announced_count(kind, grid, ratio, seed):
    generator = kind(grid_size=grid, ratio=ratio)
    mask = draw(generator, seed)
    assert mask.shape == grid and mask.dtype == bool
    assert mask.sum() == generator.num_masked


@given(grid=GRIDS, ratio=RATIOS, seed=SEEDS)
def test_tube_is_constant_in_time(grid, ratio, seed):
    mask = draw(TubeMask(grid, ratio), seed)
    assert (mask == mask[:1]).all()


@given(grid=GRIDS, ratio=RATIOS)
def test_counts_are_the_floor_of_the_share(grid, ratio):
    t, h, w = grid
    assert TubeMask(grid, ratio).num_masked == t * int(ratio * h * w + 1e-9)
    assert RandomMask(grid, ratio).num_masked == int(ratio * t * h * w + 1e-9)
    assert FrameMask(grid, ratio).num_masked == int(ratio * t + 1e-9) * h * w


def test_frame_mask_drops_whole_slots():
    mask = draw(FrameMask((8, 14, 14), 0.875))
    per_slot = mask.sum(axis=(1, 2))
    assert sorted(per_slot) == [0] + [196] * 7


@pytest.mark.parametrize(
    ('ratio', 'expected'),
    [
        (0.5, [[[1, 0], [0, 1]], [[0, 0], [1, 1]], [[0, 1], [1, 0]], [[1, 1], [0, 0]]]),
        (0.25, [[[0, 0], [0, 1]], [[0, 0], [1, 0]], [[0, 1], [0, 0]], [[1, 0], [0, 0]]]),
        (0.75, [[[1, 1], [0, 1]], [[1, 0], [1, 1]], [[0, 1], [1, 1]], [[1, 1], [1, 0]]]),
    ],
)
def test_running_cell_draws_the_four_phases_of_the_paper(ratio, expected):
    """Slots 0-3 of phase 0; phase s is the same sequence begun s slots later."""
    generator = RunningCellMask((8, 14, 14), ratio)
    sequence = np.array(expected * 3, dtype=bool)
    wanted = {np.tile(sequence[s : s + 8], (1, 7, 7)).tobytes() for s in range(4)}
    rng = np.random.default_rng(0)
    assert {generator(rng).tobytes() for _ in range(60)} == wanted


@given(grid=EVEN_GRIDS, ratio=CELL_RATIOS, seed=SEEDS)
def test_running_cell_on_even_grids_is_the_tiled_sequence(grid, ratio, seed):
    t, h, w = grid
    mask = draw(RunningCellMask(grid, ratio), seed)
    phases = [np.tile(cell_sequence(ratio, s, t), (1, h // 2, w // 2)) for s in range(4)]
    assert any((mask == phase).all() for phase in phases)
    assert (mask.sum(axis=(1, 2)) == ratio * h * w).all()


@given(grid=EVEN_GRIDS, ratio=CELL_RATIOS, seed=SEEDS)
def test_running_cell_covers_each_position_equally(grid, ratio, seed):
    kept = (~draw(RunningCellMask((8, *grid[1:]), ratio), seed)).sum(axis=0)
    assert (kept == {0.25: 6, 0.5: 4, 0.75: 2}[ratio]).all()


@given(grid=GRIDS, ratio=CELL_RATIOS, seed=SEEDS)
def test_running_cell_on_any_grid_changes_as_few_tokens_as_possible(grid, ratio, seed):
    t, h, w = grid
    mask = draw(RunningCellMask(grid, ratio), seed)
    target = int(ratio * t * h * w)
    assert mask.sum() == target
    tiles = (h + 1) // 2, (w + 1) // 2
    crops = [np.tile(cell_sequence(ratio, s, t), (1, *tiles))[:, :h, :w] for s in range(4)]
    assert any((mask != crop).sum() == abs(int(crop.sum()) - target) for crop in crops)


@pytest.mark.parametrize(
    ('grid', 'ratio', 'kept', 'contributing'),
    [
        ((8, 14, 14), 0.25, 1176, 1056),
        ((8, 14, 14), 0.5, 784, 704),
        ((8, 14, 14), 0.75, 392, 352),
        ((8, 16, 16), 0.25, 1536, 1380),
        ((8, 16, 16), 0.5, 1024, 920),
        ((8, 16, 16), 0.75, 512, 460),
    ],
)
def test_dual_mask_counts_of_the_paper(grid, ratio, kept, contributing):
    """Reconstructed tokens, and those of them hidden from a 0.9 tube encoder: constants."""
    rng = np.random.default_rng(0)
    encoder, decoder = TubeMask(grid, 0.9), RunningCellMask(grid, ratio)
    for _ in range(20):
        hidden, reconstructed = encoder(rng), ~decoder(rng)
        assert reconstructed.sum() == kept
        assert (reconstructed & hidden).sum() == contributing


@given(kind=KINDS, grid=GRIDS, ratio=RATIOS, seed=SEEDS)
@settings(max_examples=30)
def test_the_seed_alone_decides(kind, grid, ratio, seed):
    generator = kind(grid, ratio)
    first, second = draw(generator, seed), draw(kind(grid, ratio), seed)
    assert (first == second).all()
    first[:] = False  # a mask is the caller's own: writing into it must not reach the generator
    assert (draw(generator, seed) == second).all()


def test_running_cell_hands_out_copies():
    generator = RunningCellMask((4, 4, 4), 0.5)
    before = draw(generator, 1).copy()
    draw(generator, 1)[:] = True
    assert (draw(generator, 1) == before).all()


@pytest.mark.parametrize(
    'generator',
    [
        TubeMask((2, 4, 5), 0.6),
        RandomMask((2, 4, 5), 0.6),
        FrameMask((5, 2, 2), 0.6),
        RunningCellMask((2, 4, 4), 0.25),
    ],
    ids=repr,
)
def test_every_token_is_dropped_equally_often(generator):
    """Each token's count over 4,000 draws is within 5 standard deviations of its mean."""
    rng = np.random.default_rng(7)
    draws = 4000
    counts = sum(generator(rng).astype(int) for _ in range(draws))
    share = generator.num_masked / counts.size
    z = (counts - draws * share) / np.sqrt(draws * share * (1 - share))
    assert np.abs(z).max() < 5


def test_running_cell_is_near_uniform_on_odd_grids():
    rng = np.random.default_rng(7)
    generator = RunningCellMask((3, 5, 3), 0.5)
    shares = sum(generator(rng).astype(float) for _ in range(4000)) / 4000
    assert np.abs(shares - generator.num_masked / 45).max() < 0.05


def test_running_cell_phases_are_uniform():
    generator = RunningCellMask((8, 4, 4), 0.25)
    rng = np.random.default_rng(3)
    seen = [generator(rng)[0, :2, :2].reshape(-1).argmax() for _ in range(4000)]
    expected = 1000
    chi_square = sum((seen.count(place) - expected) ** 2 / expected for place in range(4))
    assert chi_square < 25


@pytest.mark.parametrize('ratio', [0, 0.1, 0.6, 0.9])
def test_running_cell_refuses_ratios_a_cell_cannot_realise(ratio):
    with pytest.raises(ValueError, match=f'0.25, 0.5 or 0.75, got {ratio}'):
        RunningCellMask((8, 14, 14), ratio)


@pytest.mark.parametrize('grid', [(8, 14), (8, 14, 0), (8, 14, 1.5), (-1, 2, 2)])
def test_bad_grids_are_refused(grid):
    with pytest.raises(ValueError, match='three positive integers'):
        TubeMask(grid, 0.9)


@pytest.mark.parametrize('ratio', [-0.1, 1, 1.5])
@pytest.mark.parametrize('kind', [TubeMask, RandomMask, FrameMask])
def test_bad_ratios_are_refused(kind, ratio):
    with pytest.raises(ValueError, match=f'ratio must lie in .* got {ratio}'):
        kind((8, 14, 14), ratio)


def test_generators_are_built_by_name():
    for name in ('TubeMask', 'RandomMask', 'FrameMask', 'RunningCellMask'):
        generator = MASK_GENERATORS.build({'type': name, 'grid_size': (2, 4, 4), 'ratio': 0.5})
        assert draw(generator).sum() == 16
