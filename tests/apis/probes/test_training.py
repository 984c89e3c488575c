"""Contract: probes that are trained together equal probes that are trained alone."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mmvideomae.apis.probes.settings import ProbeSettings
from mmvideomae.apis.probes.stacked import AttentiveProbe, StackedAttentiveProbes
from mmvideomae.apis.probes.training import (
    StackedAdamW,
    attentive_grid,
    linear_scores,
    train_attentive,
    train_linear,
)

SETTINGS = ProbeSettings(
    linear_rates=(0.1, 1.0),
    linear_epochs=3,
    rates=(1e-2, 1e-3),
    decays=(0.1, 0.8),
    epochs=2,
    heads=2,
    batch_size=6,
)


@pytest.fixture
def data() -> tuple[Tensor, Tensor]:
    """Tokens (16, 5, 8) and labels of 3 classes."""
    generator = torch.Generator().manual_seed(0)
    labels = torch.randint(0, 3, (16,), generator=generator)
    return torch.randn(16, 5, 8, generator=generator) + labels[:, None, None], labels


def probes(depth: int, count: int = 3) -> list[AttentiveProbe]:
    """Classifiers with different weights, also of norms and biases."""
    torch.manual_seed(0)
    made = [AttentiveProbe(8, 3, depth, 2).double() for _ in range(count)]
    for probe in made:
        for values in probe.parameters():
            nn.init.normal_(values, std=0.5)
    return made


@pytest.mark.parametrize('depth', [1, 2, 4])
def test_stacked_probes_and_their_gradients_equal_separate_ones(
    depth: int, data: tuple[Tensor, Tensor]
) -> None:
    alone = probes(depth)
    stacked = StackedAttentiveProbes(alone)
    tokens = 3 * data[0].double() + 1
    scores = stacked(tokens)
    weights = torch.randn(scores.shape[1:])
    for _ in range(2):
        stacked.backward(tokens, lambda scores: (scores * weights).sum((1, 2)))
    for number, probe in enumerate(alone):
        own = probe(tokens)
        torch.testing.assert_close(scores[number], own, rtol=1e-9, atol=1e-9)
        (2 * own * weights).sum().backward()
        for name, values in probe.named_parameters():
            torch.testing.assert_close(
                stacked.parameters[name].grad[number], values.grad, rtol=1e-8, atol=1e-8
            )


def test_the_weights_of_one_probe_can_be_taken_out() -> None:
    alone = probes(2)
    found = StackedAttentiveProbes(alone).state_dict(1)
    torch.testing.assert_close(found, dict(alone[1].state_dict()))


def test_stacked_adamw_is_that_of_torch_for_each_model() -> None:
    rates, decays = torch.tensor([0.1, 0.01, 0.001]), torch.tensor([0.5, 0.0, 0.2])
    start = [torch.randn(3, 4, 2), torch.randn(3, 4)]
    stacked = [each.clone().requires_grad_() for each in start]
    ours = StackedAdamW(stacked, rates, decays)
    alone, theirs = [], []
    for number in range(3):
        matrix, vector = (nn.Parameter(each[number].clone()) for each in start)
        alone.append((matrix, vector))
        groups = [
            {'params': [matrix], 'weight_decay': float(decays[number])},
            {'params': [vector], 'weight_decay': 0.0},
        ]
        theirs.append(torch.optim.AdamW(groups, lr=float(rates[number])))
    for step in range(4):
        for each in stacked:
            (each**3 * torch.linspace(-1, 1, each[0].numel()).view(each.shape[1:])).sum().backward()
        for number, optimizer in enumerate(theirs):
            for group in optimizer.param_groups:
                group['lr'] = float(rates[number]) / (step + 1)
            for each, value in zip(stacked, alone[number], strict=True):
                value.grad = each.grad[number].clone()
            optimizer.step()
        ours.step(1 / (step + 1))
    for number in range(3):
        for each, value in zip(stacked, alone[number], strict=True):
            torch.testing.assert_close(each[number], value.data)


def test_attentive_probes_learn_together_as_alone(data: tuple[Tensor, Tensor]) -> None:
    tokens, labels = data
    asked: list[np.ndarray] = []

    def take(ids: np.ndarray) -> Tensor:
        asked.append(ids)
        return tokens[ids]

    stacked = train_attentive(take, labels, 3, SETTINGS)
    grid = attentive_grid(SETTINGS)
    assert grid == [(1e-2, 0.1), (1e-2, 0.8), (1e-3, 0.1), (1e-3, 0.8)]
    assert [len(ids) for ids in asked[1:]] == [6, 6, 4, 6, 6, 4]
    assert sorted(np.concatenate(asked[1:4])) == list(range(16))
    torch.manual_seed(SETTINGS.seed)
    for number, (probe, (rate, decay)) in enumerate(
        zip([AttentiveProbe(8, 3, 1, 2) for _ in grid], grid, strict=True)
    ):
        decayed = [each for each in probe.parameters() if each.ndim > 1]
        others = [each for each in probe.parameters() if each.ndim == 1]
        optimizer = torch.optim.AdamW(
            [{'params': decayed, 'weight_decay': decay}, {'params': others, 'weight_decay': 0}]
        )
        for step, ids in enumerate(asked[1:]):
            for group in optimizer.param_groups:
                group['lr'] = rate * (1 + np.cos(np.pi * step / 6)) / 2
            optimizer.zero_grad()
            F.cross_entropy(probe(tokens[ids]), labels[ids]).backward()
            optimizer.step()
        found = AttentiveProbe(8, 3, 1, 2)
        found.load_state_dict(stacked.state_dict(number))
        torch.testing.assert_close(found(tokens), probe(tokens), rtol=1e-3, atol=1e-4)


def test_linear_probes_learn_together_as_alone(data: tuple[Tensor, Tensor]) -> None:
    features, labels = data[0].mean(1), data[1]
    together = train_linear(features, labels, 3, SETTINGS)
    scores = linear_scores(together, features, 3)
    assert scores.shape == (2, 16, 3)
    for number, rate in enumerate(SETTINGS.linear_rates):
        # The same initial weights: a run whose rates are too small to change them.
        still = train_linear(features, labels, 3, replace(SETTINGS, linear_rates=(1e-12, 2e-12)))
        layer = nn.Linear(8, 3)
        with torch.no_grad():
            layer.weight.copy_(still.weight[3 * number : 3 * number + 3])
            layer.bias.zero_()
        optimizer = torch.optim.SGD(layer.parameters(), lr=1, momentum=0.9)
        rng = np.random.default_rng(SETTINGS.seed)
        orders = [rng.permutation(16) for _ in range(3)]
        for step in range(9):
            ids = orders[step // 3][6 * (step % 3) : 6 * (step % 3) + 6]
            optimizer.param_groups[0]['lr'] = rate * 6 / 256 * (1 + np.cos(np.pi * step / 9)) / 2
            optimizer.zero_grad()
            F.cross_entropy(layer(features[ids]), labels[ids]).backward()
            optimizer.step()
        # Momentum holds the gradients weighted by the rate, so small differences remain.
        torch.testing.assert_close(scores[number], layer(features), rtol=1e-4, atol=1e-5)


def test_training_leaves_the_generator_as_it_was(data: tuple[Tensor, Tensor]) -> None:
    before = torch.get_rng_state()
    train_attentive(lambda ids: data[0][ids], data[1], 3, SETTINGS)
    train_linear(data[0].mean(1), data[1], 3, SETTINGS)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize(
    'wrong', [{'probes': ('svm',)}, {'probes': ()}, {'rates': (0.0,)}, {'blocks': 0}, {'rates': ()}]
)
def test_wrong_settings_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        ProbeSettings(**wrong)
