"""Probes in one run learn exactly as each would alone; the best in validation predicts."""

import pytest
import torch
from mmaction.structures import ActionDataSample
from torch import Tensor, nn

from mmvideomae.engine import GroupedOptimWrapperConstructor
from mmvideomae.models.heads import LinearProbeHead

K, D, FACTORS = 3, 8, (0.1, 1.0, 10.0)


def make(use_batch_norm: bool = False) -> LinearProbeHead:
    head = LinearProbeHead(K, D, lr_factors=FACTORS, use_batch_norm=use_batch_norm)
    head.init_weights()
    return head


def samples(labels: list[int]) -> list[ActionDataSample]:
    return [ActionDataSample().set_gt_label(label) for label in labels]


def features(count: int) -> Tensor:
    return torch.randn(count, D, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize('use_batch_norm', [False, True])
def test_each_probe_learns_as_if_it_were_alone(use_batch_norm: bool) -> None:
    head = make(use_batch_norm)
    x, labels = features(6), [0, 1, 2, 0, 1, 2]
    alone = [nn.Linear(D, K) for _ in FACTORS]
    for probe, single in zip(head.probes, alone, strict=True):
        single.load_state_dict(probe.state_dict())
    model = nn.ModuleDict({'cls_head': head})
    cfg = {'type': 'OptimWrapper', 'optimizer': {'type': 'SGD', 'lr': 0.1, 'momentum': 0.9}}
    optimizer = GroupedOptimWrapperConstructor(cfg)(model).optimizer
    norm = nn.BatchNorm1d(D, eps=1e-6, affine=False) if use_batch_norm else nn.Identity()
    for _ in range(3):
        optimizer.zero_grad()
        sum(head.loss(x, samples(labels)).values()).backward()
        optimizer.step()
    for factor, single, probe in zip(FACTORS, alone, head.probes, strict=True):
        own = torch.optim.SGD(single.parameters(), lr=0.1 * factor, momentum=0.9)
        for _ in range(3):
            own.zero_grad()
            nn.functional.cross_entropy(single(norm(x)), torch.tensor(labels)).backward()
            own.step()
        torch.testing.assert_close(probe.weight, single.weight)
        torch.testing.assert_close(probe.bias, single.bias)


def test_losses_are_named_by_their_factors() -> None:
    assert set(make().loss(features(2), samples([0, 1]))) == {
        'loss_lr0.1',
        'loss_lr1',
        'loss_lr10',
    }


def test_the_chosen_probe_predicts_and_the_choice_is_kept() -> None:
    head = make().eval()
    x = features(4)  # two videos of two views
    first = head.predict(x, samples([0, 1]))
    assert head.chosen.item() == 1
    head.choose(2)
    copy = LinearProbeHead(K, D, lr_factors=FACTORS)
    copy.load_state_dict(head.state_dict())
    second = copy.predict(x, samples([0, 1]))
    for before, after in zip(first, second, strict=True):
        torch.testing.assert_close(before.pred_score, before.probe_scores[1])
        torch.testing.assert_close(after.pred_score, before.probe_scores[2])
    expected = head.probes[2](x).softmax(1).unflatten(0, (2, 2)).mean(1)
    torch.testing.assert_close(torch.stack([s.pred_score for s in second]), expected)


@pytest.mark.parametrize('factors', [(), (1.0, 1.0), (0.0, 1.0)])
def test_bad_factors_are_refused(factors: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match='lr_factors'):
        LinearProbeHead(K, D, lr_factors=factors)
    with pytest.raises(ValueError, match='no classifier 3'):
        make().choose(3)
