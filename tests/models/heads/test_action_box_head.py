"""Contract: losses and scores of boxes follow the recipes' formulas, restated box by box."""

import math
from typing import Any

import pytest
import torch
from torch import Tensor

from mmvideomae.models.heads import ActionBoxHead


def features(count: int = 3, seed: int = 0) -> Tensor:
    """(n, 8, 5, 5)."""
    return torch.randn(count, 8, 5, 5, generator=torch.Generator().manual_seed(seed))


def targets(count: int = 3, classes: int = 4, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return (torch.rand(count, classes, generator=generator) > 0.5).float()


def entropies(logits: Tensor, labels: Tensor) -> list[list[float]]:
    """-log of the probability of the true value, a number for every box and class."""
    rows = []
    for scores, wanted in zip(logits.tolist(), labels.tolist(), strict=True):
        chances = [1 / (1 + math.exp(-score)) for score in scores]
        rows.append(
            [-math.log(p if true else 1 - p) for p, true in zip(chances, wanted, strict=True)]
        )
    return rows


@pytest.mark.parametrize('background', [False, True])
@pytest.mark.parametrize('reduction', ['sum', 'mean'])
def test_losses_are_those_of_the_recipes(reduction: str, background: bool) -> None:
    """D.1: the mean over n x K, times n; D.4: the mean over n x K.  A background counts nowhere."""
    head = ActionBoxHead(4, 8, background, init_scale=30.0, loss_reduction=reduction)
    logits, labels = head(features()), targets()
    assert logits.shape == (3, 4) and logits.std() > 0.1
    loss = head.loss(logits, labels)
    rows = entropies(logits, labels)
    mean = sum(sum(row) for row in rows) / (3 * 4)
    expected = mean * 3 if reduction == 'sum' else mean
    assert list(loss) == ['loss_action']
    assert loss['loss_action'].item() == pytest.approx(expected, rel=1e-5)
    loss['loss_action'].backward()
    gradients = head.fc_cls.weight.grad.abs().sum(1)
    assert gradients.shape == (4 + background,)
    assert bool(gradients[0] > 0) is not background and (gradients[1:] > 0).all()


@pytest.mark.parametrize('pool', ['max', 'mean'])
def test_scores_are_linear_in_the_pooled_box(pool: str) -> None:
    head = ActionBoxHead(4, 8, background=True, spatial_pool=pool)
    x = features()
    pooled = x.flatten(2).amax(2) if pool == 'max' else x.flatten(2).mean(2)
    expected = pooled @ head.fc_cls.weight.T + head.fc_cls.bias
    torch.testing.assert_close(head(x), expected[:, 1:])


@pytest.mark.parametrize('reduction', ['sum', 'mean'])
def test_no_boxes_cost_nothing_and_keep_the_graph(reduction: str) -> None:
    head = ActionBoxHead(4, 8, loss_reduction=reduction)
    x = features(0).requires_grad_()
    loss = head.loss(head(x), targets(0))['loss_action']
    assert loss.item() == 0
    loss.backward()
    assert not head.fc_cls.weight.grad.any() and not head.fc_cls.bias.grad.any()


def test_dropout_before_pooling_drops_cells_and_after_it_channels() -> None:
    ones = torch.ones(400, 8, 5, 5)
    for before in (True, False):
        head = ActionBoxHead(1, 8, dropout_ratio=0.5, dropout_before_pool=before)
        with torch.no_grad():
            head.fc_cls.weight.fill_(1 / 8)
        torch.manual_seed(0)
        pooled = head(ones)
        # Of 25 cells one is always left, doubled; of a channel itself, half are left.
        expected = 2.0 if before else 1.0
        assert pooled.mean().item() == pytest.approx(expected, abs=0.05)
        assert bool(pooled.std() > 0.1) is not before
        torch.testing.assert_close(head.eval()(ones), torch.ones(400, 1))


def test_autocast_changes_nothing() -> None:
    head = ActionBoxHead(4, 8)
    with torch.autocast('cpu', dtype=torch.bfloat16):
        logits = head(features().bfloat16())
    assert logits.dtype == torch.float32
    assert torch.equal(logits, head(features().bfloat16().float()))


def test_initial_weights_are_those_of_the_recipes() -> None:
    scaled = ActionBoxHead(80, 768).fc_cls
    assert scaled.weight.std().item() == pytest.approx(0.02 * 0.001, rel=0.02)
    xavier = ActionBoxHead(80, 768, background=True, init='xavier').fc_cls
    assert xavier.weight.std().item() == pytest.approx(math.sqrt(2 / (81 + 768)), rel=0.02)
    assert not scaled.bias.any() and not xavier.bias.any()


@pytest.mark.parametrize(
    ('wrong', 'message'),
    [
        ({'spatial_pool': 'avg'}, "unknown spatial_pool 'avg'"),
        ({'init': 'normal'}, "unknown init 'normal'"),
        ({'loss_reduction': 'none'}, "unknown loss_reduction 'none'"),
        ({'num_classes': 0}, 'num_classes must be at least 1, got 0'),
    ],
)
def test_impossible_settings_are_refused(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ActionBoxHead(**{'num_classes': 4, 'in_channels': 8, **wrong})
