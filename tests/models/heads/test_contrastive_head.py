"""Contract: the contrastive head is the paper's MLP, and its loss is the scaled InfoNCE."""

import math

import pytest
import torch
from torch import nn

from mmvideomae.models.heads import ContrastiveHead, MaskedCodeHead


@pytest.mark.parametrize(
    ('width', 'hidden', 'layers', 'names'),
    [
        (512, 2048, 2, ['linear_0', 'bn_0']),
        (1024, 4096, 3, ['linear_0', 'bn_0', 'linear_1', 'bn_1']),
    ],
)
def test_layers_are_those_of_the_paper(
    width: int, hidden: int, layers: int, names: list[str]
) -> None:
    head = ContrastiveHead(width, hidden, layers)
    parameters = {name for name, _ in head.named_parameters()}
    inner = {f'mlp.{name}.{kind}' for name in names for kind in ('weight', 'bias')}
    assert parameters == inner | {f'mlp.linear_{layers - 1}.weight'}
    kinds = [type(part).__name__ for part in head.mlp]
    assert kinds == (layers - 1) * ['Linear', 'SharedBatchNorm1d', 'ReLU'] + ['Linear']
    weights = torch.cat([m.weight.flatten() for m in head.mlp if isinstance(m, nn.Linear)])
    assert abs(weights.std() - 0.02) < 1e-4
    assert head.mlp[-1].weight.shape == (256, hidden)


def test_both_heads_of_the_large_model() -> None:
    """233.211 M with and 210.106 M without (F.1 of the recipes: 233,210,885 - 210,106,368)."""
    heads = ContrastiveHead(1024, 4096, 3), MaskedCodeHead(1024, 8197)
    assert sum(p.numel() for head in heads for p in head.parameters()) == 23_104_517


def test_clips_of_a_video_are_adjacent() -> None:
    head = ContrastiveHead(8, 16, temperature=0.5)
    anchors = torch.eye(4)
    paired = anchors.repeat_interleave(2, 0)  # a, a, b, b, ...
    parted = torch.cat([anchors, anchors])  # a, b, ..., a, b, ...
    right = math.exp(1 / 0.5) / (math.exp(1 / 0.5) + 6)
    assert float(head.loss(paired)) == pytest.approx(-0.5 * 2 * math.log(right), rel=1e-5)
    assert head.loss(parted) > head.loss(paired) + 0.5


def test_refuses_in_one_line() -> None:
    with pytest.raises(ValueError, match='there are 3 clips in all: set num_clips=2'):
        ContrastiveHead(8).loss(torch.randn(3, 256))
    with pytest.raises(ValueError, match=r'must be positive, got 0 and 0.2'):
        ContrastiveHead(8, num_layers=0)
