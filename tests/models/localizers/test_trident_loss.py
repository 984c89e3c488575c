"""Protects TriDet's losses: equal to a restatement over points and their classes."""

import math

import pytest
import torch
from torch import Tensor

from mmvideomae.models.localizers.trident_loss import TridentLoss
from tests.models.localizers.test_segment_loss import BATCH, CLASSES, POINTS, random_batch

EXPANDED = (BATCH, POINTS, CLASSES, 2)


def batch_of(seed: int, positives: bool = True) -> tuple[Tensor, ...]:
    logits, _, classes, distances, valid = random_batch(seed, positives)
    pred = torch.rand(EXPANDED, generator=torch.Generator().manual_seed(seed), requires_grad=True)
    return logits, pred, classes, distances, valid


def slow_sums(batch: tuple[Tensor, ...], smoothing: float) -> tuple[float, float, int]:
    logits, pred, classes, distances, valid = (part.tolist() for part in batch)
    focal = overlap = 0.0
    count = 0
    for b, p in ((b, p) for b in range(BATCH) for p in range(POINTS) if valid[b][p]):
        count += any(classes[b][p])
        true_left, true_right = distances[b][p]
        for k in range(CLASSES):
            target = classes[b][p][k] * (1 - smoothing) + smoothing / (CLASSES + 1)
            q = 1 / (1 + math.exp(-logits[b][p][k]))
            entropy = -target * math.log(q) - (1 - target) * math.log(1 - q)
            wrong = 1 - (q * target + (1 - q) * (1 - target))
            term = (0.25 * target + 0.75 * (1 - target)) * wrong**2 * entropy
            if classes[b][p][k]:
                left, right = pred[b][p][k]
                shared = min(left, true_left) + min(right, true_right)
                around = max(left, true_left) + max(right, true_right)
                iou = shared / (left + right + true_left + true_right - shared)
                apart = (right - left) / 2 - (true_right - true_left) / 2
                term *= iou**0.2
                overlap += 1 - iou + (apart / around) ** 2
            focal += term
    return focal, overlap, count


@pytest.mark.parametrize('smoothing', [0.0, 0.1])
def test_losses_equal_their_definition(smoothing: float) -> None:
    loss = TridentLoss(reg_weight=2.0, label_smoothing=smoothing, init_normaliser=50)
    batch = batch_of(1)
    focal, overlap, count = slow_sums(batch, smoothing)
    mean = 0.9 * 50 + 0.1 * max(count, 1)
    found = loss(*batch)
    assert found['loss_cls'].item() == pytest.approx(focal / mean, rel=1e-4)
    assert found['loss_reg'].item() == pytest.approx(2 * overlap / mean, rel=1e-4)


def test_segments_that_miss_and_batches_without_any_give_finite_gradients() -> None:
    for positives in (True, False):
        logits, _, classes, distances, valid = batch_of(2, positives)
        pred = torch.zeros(EXPANDED, requires_grad=True)
        sum(TridentLoss()(logits, pred, classes, distances, valid).values()).backward()
        assert logits.grad.isfinite().all() and pred.grad.isfinite().all()
