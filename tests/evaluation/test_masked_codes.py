"""Contract: validation figures depend on the videos, not on the batching."""

import math
from typing import Any

import pytest
import torch

from mmvideomae.errors import NotFiniteError
from mmvideomae.evaluation import MaskedCodeMetric
from mmvideomae.ops.contrast import pair_loss


def videos(count: int) -> list[dict[str, Any]]:
    generator = torch.Generator().manual_seed(0)
    return [
        {
            'loss': 2.0 * number,
            'right': float(number),
            'asked': 3 * number,
            'tokens': 80,
            'features': torch.randn(2, 4, generator=generator),
            'temperature': 0.2,
        }
        for number in range(1, count + 1)
    ]


def evaluate(results: list[dict[str, Any]], batch: int = 3, **options: Any) -> dict[str, float]:
    metric = MaskedCodeMetric(**options)
    for first in range(0, len(results), batch):
        metric.process(None, results[first : first + batch])
    return metric.evaluate(len(results))


def test_every_masked_token_counts_alike() -> None:
    found = evaluate(videos(4))
    assert found['codes/masked_accuracy'] == pytest.approx(1 / 3)
    assert found['codes/masked_loss'] == pytest.approx(2 / 3)
    assert found['codes/mask_ratio'] == pytest.approx(30 / 320)


def test_videos_are_compared_in_groups_of_one_size_and_far_from_their_neighbours() -> None:
    results = videos(7)
    features = torch.stack([video['features'] for video in results])
    # Three groups of two; the seventh video is left out.
    groups = [features[[0, 3]], features[[1, 4]], features[[2, 5]]]
    losses = [0.2 * pair_loss(group[:, 0], group[:, 1], 0.2) for group in groups]
    expected = float(torch.stack(losses).mean())
    for batch in (1, 3, 7):
        found = evaluate(results, batch, num_videos=2)
        assert found['codes/contrast_loss'] == pytest.approx(expected, rel=1e-6)


def test_a_short_list_is_one_group() -> None:
    same = [{'features': torch.ones(2, 4), 'temperature': 0.2} for _ in range(5)]
    found = evaluate(same)
    assert found == {'codes/contrast_loss': pytest.approx(0.2 * 2 * math.log(9))}


def test_one_video_cannot_be_compared() -> None:
    assert 'codes/contrast_loss' not in evaluate(videos(1))
    with pytest.raises(ValueError, match='num_videos must be at least 2, got 1'):
        MaskedCodeMetric(num_videos=1)


def test_a_loss_that_is_not_a_number_is_told() -> None:
    results = videos(2)
    results[1]['loss'] = math.nan
    with pytest.raises(NotFiniteError, match='masked_loss of the validation'):
        evaluate(results)
