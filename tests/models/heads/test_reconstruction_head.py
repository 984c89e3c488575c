"""Losses of the reconstruction head restate the papers' formulas."""

import numpy as np
import pytest
import torch

from mmvideomae.models import PixelReconstructionHead, ReconstructionHead

ERRORS = {
    'mse': lambda gap: gap**2,
    'l1': np.abs,
    'smooth_l1': lambda gap: np.where(np.abs(gap) < 1, gap**2 / 2, np.abs(gap) - 0.5),
    1: np.abs,
    1.5: lambda gap: np.abs(gap) ** 1.5 / 1.5,
}


@pytest.mark.parametrize('loss', ERRORS)
@pytest.mark.parametrize('some', [False, True])
def test_losses_are_means_over_counted_tokens(loss: str | float, some: bool) -> None:
    head = PixelReconstructionHead(8, patch_size=2, loss=loss)
    pred, target = torch.randn(3, 4, 24) * 2, torch.randn(3, 4, 24) * 2
    counted = torch.tensor([[1, 0, 0, 1], [1, 1, 1, 1], [0, 0, 0, 1]], dtype=torch.bool)
    error = ERRORS[loss]((pred - target).numpy())
    expected = error[counted.numpy()].mean() if some else error.mean()
    result = head.loss(pred, target, counted if some else None)
    assert result.item() == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize('some', [False, True])
def test_the_cosine_loss_is_that_of_angles(some: bool) -> None:
    head = ReconstructionHead(8, 24, loss='cosine')
    pred, target = torch.randn(2, 3, 24) * 2, torch.randn(2, 3, 24)
    counted = torch.tensor([[1, 0, 1], [0, 0, 1]], dtype=torch.bool)
    a, b = (x.numpy() / np.linalg.norm(x.numpy(), axis=2, keepdims=True) for x in (pred, target))
    error = ((a - b) ** 2).sum(2)  # 2 - 2 cos
    expected = error[counted.numpy()].mean() if some else error.mean()
    result = head.loss(pred, target, counted if some else None)
    assert result.item() == pytest.approx(expected, rel=1e-5)


def test_the_loss_is_float32_under_autocast() -> None:
    head = PixelReconstructionHead(8, patch_size=2)
    with torch.autocast('cpu', dtype=torch.bfloat16):
        pred = head(torch.randn(1, 2, 8))
        loss = head.loss(pred, torch.randn(1, 2, 24))
    assert pred.dtype == torch.bfloat16
    assert loss.dtype == torch.float32


def test_an_unknown_loss_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match='huber'):
        PixelReconstructionHead(8, loss='huber')
    with pytest.raises(ValueError, match='exponent of a loss must be positive, got 0'):
        ReconstructionHead(8, 8, loss=0)
