"""Protects TriDet's regression: its three branches, and what learns from which."""

import torch
from torch.nn import functional as F

from mmvideomae.models.heads import TridentRegHead
from mmvideomae.ops.boundary_bins import expected_distances
from tests.support.weights import randomise


def test_three_branches_give_the_distances_of_each_class() -> None:
    head = TridentRegHead(3, in_channels=6, hidden_channels=6, num_levels=2, num_bins=4)
    randomise(head)
    torch.nn.init.constant_(head.scale[1].scale, 3.0)
    x = torch.randn(2, 6, 8, generator=torch.Generator().manual_seed(0))
    mask = torch.ones(2, 1, 8, dtype=torch.bool)
    found = head([x, x], [mask, mask])
    starts, ends = (branch([x], [mask])[0] for branch in (head.start, head.end))
    raw = head.offset_head(head.tower([x], [mask])[0], mask)[0].transpose(1, 2).reshape(2, 8, 2, 5)
    for level, scale in zip(found, (head.scale[0].scale, 3.0), strict=True):
        wanted = expected_distances(starts, ends, F.relu(scale * raw))
        assert level.shape == (2, 8, 3, 2)
        torch.testing.assert_close(level, wanted)


def test_starts_and_ends_do_not_teach_the_layers_before() -> None:
    head = TridentRegHead(3, in_channels=6, hidden_channels=6, num_levels=1, num_bins=4)
    randomise(head)
    torch.nn.init.zeros_(head.offset_head.conv.weight)  # the centre does not see the input
    x = torch.randn(1, 6, 8, requires_grad=True)
    (found,) = head([x], [torch.ones(1, 1, 8, dtype=torch.bool)])
    found.square().sum().backward()
    assert x.grad is None or not x.grad.any()
    assert all(p.grad.any() for p in head.start.parameters())
    assert all(p.grad.any() for p in head.end.parameters())
