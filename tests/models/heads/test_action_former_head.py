"""Protects ActionFormer's heads: shared by levels, with a class prior and a scale per level."""

import pytest
import torch

from mmvideomae.models.heads import ActionFormerClsHead, ActionFormerRegHead


def levels() -> tuple[list[torch.Tensor], list[torch.Tensor]]:
    x = torch.randn(2, 6, 8, generator=torch.Generator().manual_seed(0))
    mask = torch.ones(2, 1, 8, dtype=torch.bool)
    return [x, x], [mask, mask]


def test_classes_start_at_their_prior_and_levels_share_the_head() -> None:
    head = ActionFormerClsHead(3, in_channels=6, hidden_channels=6, prior=0.02)
    torch.nn.init.zeros_(head.cls_head.conv.weight)
    first, second = head(*levels())
    assert first.shape == (2, 8, 3) and torch.equal(first, second)
    assert torch.allclose(first.sigmoid(), torch.tensor(0.02))


def test_distances_are_not_negative_and_scaled_level_by_level() -> None:
    head = ActionFormerRegHead(in_channels=6, hidden_channels=6, num_levels=2)
    torch.nn.init.constant_(head.scale[1].scale, 3.0)
    first, second = head(*levels())
    assert first.shape == (2, 8, 2) and bool((first >= 0).all()) and bool((first > 0).any())
    assert torch.allclose(second, 3 * first)


@pytest.mark.parametrize('cleared', [True, False])
def test_cleared_padding_is_like_the_end_of_the_sequence(cleared: bool) -> None:
    head = ActionFormerClsHead(3, in_channels=6, hidden_channels=6, clear_padding=cleared)
    for norm in head.norm:
        torch.nn.init.ones_(norm.bias)  # what padding becomes unless it is cleared
    x, mask = (parts[0] for parts in levels())
    mask = mask & (torch.arange(8) < 5)
    (padded,), (short,) = head([x * mask], [mask]), head([x[..., :5]], [mask[..., :5]])
    assert torch.allclose(padded[:, :5], short, atol=1e-6) == cleared
