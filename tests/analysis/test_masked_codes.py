"""Contract: the codes that copying restores are counted exactly, and blocks leave fewer of them."""

import numpy as np
import pytest
import torch

from mmvideomae.analysis.masked_codes import COPIES, MASKS, copied_codes
from mmvideomae.masking import BlockMask
from mmvideomae.ops.codes import copy_neighbours


def patches(seed: int = 0) -> torch.Tensor:
    """Still codes in squares of 2 x 2, (4, 8, 8)."""
    generator = torch.Generator().manual_seed(seed)
    coarse = torch.randint(99, (4, 4), generator=generator)
    return coarse.repeat_interleave(2, 0).repeat_interleave(2, 1).expand(4, 8, 8).clone()


@pytest.mark.parametrize('kind', MASKS)
@pytest.mark.parametrize('name', COPIES)
def test_accuracy_is_that_of_hidden_codes_over_all_masks(kind: str, name: str) -> None:
    codes = patches()
    found = copied_codes(codes, kind, 0.3, draws=3, seed=5)
    right = hidden = 0
    for number in range(3):
        mask = copied_codes(codes, kind, 0.3, draws=1, seed=5 + number).mask
        copied = copy_neighbours(codes, torch.from_numpy(mask), COPIES[name])
        right += (copied == codes)[torch.from_numpy(mask)].sum().item()
        hidden += mask.sum()
    assert found.accuracy[name] == pytest.approx(right / hidden)
    assert found.masked_share == pytest.approx(hidden / 3 / codes.numel())
    visible = torch.from_numpy(~found.mask)
    assert torch.equal(found.restored[name][visible], codes[visible])
    assert found.summary['accuracy'][name.replace('-', '_')] == found.accuracy[name]


@pytest.mark.parametrize('ratio', [0.15, 0.45])
def test_blocks_hide_what_neighbours_cannot_tell(ratio: float) -> None:
    block, single = (copied_codes(patches(), kind, ratio, draws=20) for kind in MASKS)
    assert block.masked_share == pytest.approx(single.masked_share, abs=0.08)
    for name in COPIES:
        assert block.accuracy[name] < single.accuracy[name] - 0.1
    assert single.accuracy['spatio-temporal'] > single.accuracy['spatial']


def test_blocks_are_as_many_as_come_closest() -> None:
    mask = copied_codes(torch.zeros(5, 16, 16), 'block', 0.15, draws=50)
    shares = [BlockMask((5, 16, 16), number).ratio for number in range(1, 12)]
    nearest = min(shares, key=lambda share: abs(share - 0.15))
    assert mask.masked_share == pytest.approx(nearest, abs=0.03)
    assert mask.accuracy == dict.fromkeys(COPIES, 1.0)  # one code everywhere


def test_ratios_out_of_range() -> None:
    for kind in MASKS:
        for ratio in (0.0, 1.0):
            with pytest.raises(ValueError, match='ratio'):
                copied_codes(patches(), kind, ratio)
    with pytest.raises(ValueError, match='hides no code'):
        copied_codes(torch.zeros(1, 1, 1), 'i.i.d.', 1e-9, draws=1)
    assert np.isfinite(copied_codes(patches(), 'i.i.d.', 0.9).masked_share)
