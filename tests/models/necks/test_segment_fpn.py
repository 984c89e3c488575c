"""Protects the necks of temporal pyramids: one norm per level, or coarse levels added to fine."""

import torch
from torch.nn import functional as F

from mmvideomae.models.necks import IdentityFPN, SegmentFPN
from tests.support.weights import randomise

Levels = tuple[list[torch.Tensor], list[torch.Tensor]]


def levels() -> Levels:
    generator = torch.Generator().manual_seed(0)
    lengths = (16, 8, 4)
    masks = [torch.ones(2, 1, length, dtype=torch.bool) for length in lengths]
    return [torch.randn(2, 6, length, generator=generator) for length in lengths], masks


def test_the_identity_normalises_each_level() -> None:
    neck = IdentityFPN(6, 3)
    feats, masks = levels()
    for x, out in zip(feats, neck(feats, masks), strict=True):
        assert torch.allclose(out, F.layer_norm(x.transpose(1, 2), (6,)).transpose(1, 2), atol=1e-5)
    assert neck.out_channels == 6


def test_the_fpn_adds_coarse_levels_to_fine_ones() -> None:
    neck = SegmentFPN(6, 4, 3)
    randomise(neck)
    feats, masks = levels()
    state = neck.state_dict()
    made = [F.conv1d(x, state[f'lateral_convs.{i}.conv.weight']) for i, x in enumerate(feats)]
    sums = [
        made[0] + made[1].repeat_interleave(2, 2) + made[2].repeat_interleave(4, 2),
        made[1] + made[2].repeat_interleave(2, 2),
        made[2],
    ]
    for level, out in enumerate(neck(feats, masks)):
        kernel = state[f'fpn_convs.{level}.conv.weight']
        expected = F.conv1d(sums[level], kernel, padding=1, groups=4)
        weight, bias = (state[f'fpn_norms.{level}.{leaf}'].flatten() for leaf in ('weight', 'bias'))
        expected = F.layer_norm(expected.transpose(1, 2), (4,), weight, bias).transpose(1, 2)
        assert out.shape == (2, 4, 16 // 2**level)
        assert torch.allclose(out, expected, atol=1e-4)
