"""Protects the losses: equal to a restatement, with a running mean that checkpoints keep."""

import math

import pytest
import torch
from torch import Tensor

from mmvideomae.models.localizers.segment_loss import SegmentLoss

BATCH, POINTS, CLASSES = 2, 12, 3


def random_batch(seed: int = 0, positives: bool = True) -> tuple[Tensor, ...]:
    generator = torch.Generator().manual_seed(seed)
    logits = torch.randn(BATCH, POINTS, CLASSES, generator=generator, requires_grad=True)
    pred = torch.rand(BATCH, POINTS, 2, generator=generator, requires_grad=True)
    classes = (torch.rand(BATCH, POINTS, CLASSES, generator=generator) < 0.2).float() * positives
    distances = torch.rand(BATCH, POINTS, 2, generator=generator)
    valid = torch.arange(POINTS) < torch.tensor([[9], [12]])
    return logits, pred, classes, distances, valid


def slow_sums(batch: tuple[Tensor, ...], smoothing: float) -> tuple[float, float, int]:
    """Focal loss, centre-DIoU loss and points with a class, one number at a time."""
    logits, pred, classes, distances, valid = (part.tolist() for part in batch)
    focal = overlap = 0.0
    count = 0
    for b in range(BATCH):
        for p in range(POINTS):
            if not valid[b][p]:
                continue
            for k in range(CLASSES):
                target = classes[b][p][k] * (1 - smoothing) + smoothing / (CLASSES + 1)
                q = 1 / (1 + math.exp(-logits[b][p][k]))
                entropy = -target * math.log(q) - (1 - target) * math.log(1 - q)
                wrong = 1 - (q * target + (1 - q) * (1 - target))
                focal += (0.25 * target + 0.75 * (1 - target)) * wrong**2 * entropy
            if any(classes[b][p]):
                count += 1
                (left, right), (true_left, true_right) = pred[b][p], distances[b][p]
                shared = min(left, true_left) + min(right, true_right)
                iou = shared / (left + right + true_left + true_right - shared)
                apart = (right - left) / 2 - (true_right - true_left) / 2
                around = max(left, true_left) + max(right, true_right)
                overlap += 1 - iou + (apart / around) ** 2
    return focal, overlap, count


@pytest.mark.parametrize('smoothing', [0.0, 0.1])
def test_losses_equal_their_definition_over_the_running_mean(smoothing: float) -> None:
    loss = SegmentLoss(reg_weight=2.0, label_smoothing=smoothing, init_normaliser=50)
    mean = 50.0
    for seed in range(3):
        batch = random_batch(seed)
        focal, overlap, count = slow_sums(batch, smoothing)
        mean = 0.9 * mean + 0.1 * max(count, 1)
        found = loss(*batch)
        assert found['loss_cls'].item() == pytest.approx(focal / mean, rel=1e-4)
        assert found['loss_reg'].item() == pytest.approx(2 * overlap / mean, rel=1e-4)
    assert loss.normaliser.item() == pytest.approx(mean, rel=1e-5)


def test_without_a_weight_segments_count_as_much_as_classes() -> None:
    found = SegmentLoss(reg_weight=0)(*random_batch())
    assert found['loss_reg'].item() == pytest.approx(found['loss_cls'].item())


def test_the_running_mean_is_kept_in_checkpoints_and_moves_in_training_only_steps() -> None:
    loss, resumed = SegmentLoss(), SegmentLoss()
    loss(*random_batch())
    resumed.load_state_dict(loss.state_dict())
    assert resumed.normaliser == loss.normaliser != 100
    both = [part(*random_batch(1))['loss_cls'].item() for part in (loss, resumed)]
    assert both[0] == both[1]


def test_a_batch_without_segments_has_a_loss_of_classes_and_finite_gradients() -> None:
    batch = random_batch(positives=False)
    found = SegmentLoss()(*batch)
    sum(found.values()).backward()
    assert found['loss_reg'].item() == 0 and found['loss_cls'].item() > 0
    assert batch[0].grad is not None and bool(batch[0].grad.isfinite().all())
    assert batch[1].grad is not None and not batch[1].grad.any()


def test_padding_does_not_count() -> None:
    logits, pred, classes, distances, valid = random_batch()
    first = SegmentLoss()(logits, pred, classes, distances, valid)
    changed = [torch.where(valid[..., None], part, part + 5) for part in (logits, pred)]
    second = SegmentLoss()(*changed, classes, distances, valid)
    assert {name: value.item() for name, value in first.items()} == {
        name: value.item() for name, value in second.items()
    }
