"""Contract: InfoNCE follows VIMPAC's equations 4 to 6, in one process and in several."""

import math
from pathlib import Path

import pytest
import torch
from torch import Tensor

from mmvideomae.ops.contrast import pair_loss
from tests.support.processes import in_processes

GAMMA = 0.2


def written_out(first: Tensor, second: Tensor) -> Tensor:
    """Equations 4, 6 and 20, anchor by anchor."""
    f, g = (x / x.norm(dim=1, keepdim=True) for x in (first, second))
    total = torch.zeros(())
    for own, other in ((f, g), (g, f)):
        for i in range(len(own)):
            terms = [own[i] @ own[k] for k in range(len(own)) if k != i]
            terms += [own[i] @ other[k] for k in range(len(own))]
            assert len(terms) - 1 == 2 * len(own) - 2  # negatives
            exponents = torch.stack(terms) / GAMMA
            total = total - own[i] @ other[i] / GAMMA + exponents.exp().sum().log()
    return total / len(first)


def features(videos: int = 6) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(0)
    return tuple(torch.randn(videos, 8, generator=generator) for _ in range(2))


def test_is_the_equations() -> None:
    torch.testing.assert_close(pair_loss(*features(), GAMMA), written_out(*features()))


@pytest.mark.parametrize(
    ('videos', 'printed'), [(128, 2.22), (256, 2.50), (512, 2.77), (1024, 3.05)]
)
def test_knows_nothing_at_equal_similarities(videos: int, printed: float) -> None:
    """Table 11 lists the loss times the temperature."""
    same = torch.ones(videos, 4)
    scaled = GAMMA * pair_loss(same, same, GAMMA)
    assert math.isclose(scaled, GAMMA * 2 * math.log(2 * videos - 1), rel_tol=1e-6)
    assert abs(scaled - printed) < 0.006


def own_part(rank: int) -> tuple[Tensor, Tensor]:
    first, second = (part[3 * rank :][:3].clone().requires_grad_() for part in features())
    loss = pair_loss(first, second, GAMMA)
    loss.backward()
    return loss.detach(), torch.stack([first.grad, second.grad])


def test_two_processes_are_one_with_all_videos(tmp_path: Path) -> None:
    parts = in_processes(2, own_part, tmp_path)
    first, second = (part.requires_grad_() for part in features())
    loss = pair_loss(first, second, GAMMA)
    loss.backward()
    # The mean over processes is what DDP and the log take.
    torch.testing.assert_close(
        torch.stack([part[0] for part in parts]).mean(), loss.detach(), rtol=0, atol=1e-6
    )
    grads = torch.cat([part[1] for part in parts], 1) / 2
    expected = torch.stack([first.grad, second.grad])
    assert expected.abs().max() > 1e-2
    torch.testing.assert_close(grads, expected, rtol=0, atol=1e-6)


def test_similarities_of_half_precision_are_compared_in_full() -> None:
    with torch.autocast('cpu', torch.bfloat16):
        loss = pair_loss(*features(), GAMMA)
    assert torch.equal(loss, pair_loss(*features(), GAMMA))


def test_one_video_cannot_be_told_from_others() -> None:
    with pytest.raises(ValueError, match=r'the batch has 1: increase train_dataloader.batch_size'):
        pair_loss(*features(1), GAMMA)
