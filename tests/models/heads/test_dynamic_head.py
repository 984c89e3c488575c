"""Protects DyFADet's heads: ActionFormer's outputs on mixed levels, of the published size."""

import math

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mmvideomae.models.heads import DyFADetClsHead, DyFADetRegHead
from tests.models.layers.test_dynamic_conv import randomised

CLASSES, WIDTH, LENGTH = 3, 6, 16


def head_of(kind: type) -> nn.Module:
    options = {'num_classes': CLASSES} if kind is DyFADetClsHead else {'num_levels': 2}
    return randomised(kind(in_channels=WIDTH, hidden_channels=WIDTH, **options))


def pyramid(length: int, valid: int, padding: float = 0.3) -> tuple[list[Tensor], list[Tensor]]:
    """Two levels of a video with ``valid`` real steps; the rest is as norms leave padding."""
    feats, masks = [], []
    for stride in (1, 2):
        steps = torch.arange(0, length, stride)
        wave = torch.sin(steps[None] * torch.arange(1, WIDTH + 1)[:, None] / 7)
        mask = (steps < valid)[None, None]
        feats.append(torch.where(mask, wave[None], padding))
        masks.append(mask)
    return feats, masks


def by_hand(x: Tensor, conv: nn.Conv1d) -> Tensor:
    """(B, C, L) -> (B, L, D), a convolution of three steps."""
    near = F.pad(x, (1, 1)).unfold(2, 3, 1)
    return torch.einsum('bclk,dck->bld', near, conv.weight) + conv.bias


def test_outputs_are_those_of_the_mixed_levels() -> None:
    feats, masks = pyramid(LENGTH, LENGTH)
    classify, regress = head_of(DyFADetClsHead), head_of(DyFADetRegHead)
    nn.init.constant_(regress.scale[1].scale, 3.0)
    for level, scale in enumerate((regress.scale[0].scale, 3.0)):
        mixed = regress.head[1](regress.head[0](feats, masks), masks)[level]
        wanted = (scale * by_hand(mixed, regress.offset_head.conv)).clamp(min=0)
        torch.testing.assert_close(regress(feats, masks)[level], wanted)
        mixed = classify.head[1](classify.head[0](feats, masks), masks)[level]
        wanted = by_hand(mixed, classify.cls_head.conv)
        torch.testing.assert_close(classify(feats, masks)[level], wanted)


@pytest.mark.parametrize('kind', [DyFADetClsHead, DyFADetRegHead])
@pytest.mark.parametrize('valid', [11, 12])
def test_the_length_of_the_padding_does_not_matter(kind: type, valid: int) -> None:
    head = head_of(kind)
    short, long = (head(*pyramid(length, valid)) for length in (LENGTH, 2 * LENGTH))
    for level, (one, other) in enumerate(zip(short, long, strict=True)):
        count = math.ceil(valid / 2**level)
        torch.testing.assert_close(one[:, :count], other[:, :count])
        assert not one[:, count:].any() and not other[:, count:].any()


def test_all_weights_learn() -> None:
    for kind in (DyFADetClsHead, DyFADetRegHead):
        head = head_of(kind)
        if kind is DyFADetRegHead:
            nn.init.constant_(head.offset_head.conv.bias, 5.0)
            for scale in head.scale:
                nn.init.ones_(scale.scale)
        sum(level.square().sum() for level in head(*pyramid(LENGTH, 11))).backward()
        assert all(p.grad.any() for p in head.parameters())


def test_the_published_heads_have_the_parts_of_their_formulas() -> None:
    with torch.device('meta'):
        classify, regress = DyFADetClsHead(20), DyFADetRegHead()
    width, taps = 512, 3 * 512
    convolution = taps * width + width + 2 * width  # of 1, over all taps, and its norm
    gated = convolution + 3 * width + width
    weighted = convolution + (3 * taps + 1) * width + 2 * width + 3 * taps + 1
    layer = 2 * gated + weighted + 2
    sizes = [sum(p.numel() for p in head.parameters()) for head in (classify, regress)]
    assert sizes == [2 * layer + (3 * width + 1) * 20, 2 * layer + (3 * width + 1) * 2 + 6]


def test_scores_start_at_the_prior() -> None:
    head = DyFADetClsHead(CLASSES, WIDTH, WIDTH, prior=0.02)
    assert head.cls_head.conv.bias.sigmoid().tolist() == pytest.approx([0.02] * CLASSES)
    assert all(x.bias.any() for x in head.head.modules() if isinstance(x, nn.Conv1d))
