"""Metrics of masked code prediction and of contrastive learning."""

from collections.abc import Sequence
from typing import Any

import torch
from mmengine.evaluator import BaseMetric
from torch import Tensor

from mmvideomae.errors import NotFiniteError
from mmvideomae.ops.contrast import pair_loss
from mmvideomae.registry import METRICS


@METRICS.register_module()
class MaskedCodeMetric(BaseMetric):
    """VIMPAC's pre-training metrics on a validation list (Tables 6 to 11).

    ``masked_accuracy``, in [0, 1], ``masked_loss`` and ``mask_ratio`` are over all masked tokens
    of all videos, and ``contrast_loss`` is ``temperature * (L + L')``.  It increases with the
    number of compared videos, which is therefore a setting, independent of the batch size and the
    number of processes: the videos are divided into groups of ``num_videos``, and neighbours in
    the list, which often share a class, go to different groups.  A shorter list is one group.

    Args:
        num_videos: n of equation 4; in training, it is the number of videos in a batch of all
            processes.

    Raises:
        ValueError: ``num_videos`` is less than 2.
        NotFiniteError: A loss is not finite.
    """

    default_prefix = 'codes'

    def __init__(
        self, num_videos: int = 128, collect_device: str = 'cpu', prefix: str | None = None
    ) -> None:
        super().__init__(collect_device, prefix)
        if num_videos < 2:
            raise ValueError(f'num_videos must be at least 2, got {num_videos}')
        self.num_videos = num_videos

    def process(self, data_batch: Any, data_samples: Sequence[dict[str, Any]]) -> None:
        """Keep the results of `VIMPAC.measure` for each video."""
        self.results += data_samples

    def compute_metrics(self, results: list[dict[str, Any]]) -> dict[str, float]:
        """Means over all videos of all processes."""
        found: dict[str, float] = {}
        if 'asked' in results[0]:
            sums = {
                key: sum(video[key] for video in results)
                for key in ('loss', 'right', 'asked', 'tokens')
            }
            asked = max(sums['asked'], 1)
            found['masked_accuracy'] = sums['right'] / asked
            found['masked_loss'] = sums['loss'] / asked
            found['mask_ratio'] = sums['asked'] / max(sums['tokens'], 1)
        if 'features' in results[0] and len(results) > 1:
            features = torch.stack([video['features'] for video in results])
            found['contrast_loss'] = self._contrast(features, results[0]['temperature'])
        for name, value in found.items():
            if not value < float('inf'):
                raise NotFiniteError(f'{name} of the validation')
        return found

    def _contrast(self, features: Tensor, temperature: float) -> float:
        """The mean loss over groups of (N, 2, D)."""
        groups = max(len(features) // self.num_videos, 1)
        size = min(len(features), self.num_videos)
        dealt = [features[start::groups][:size] for start in range(groups)]
        losses = [pair_loss(p[:, 0], p[:, 1], temperature, together=False) for p in dealt]
        return float(temperature * torch.stack(losses).mean())
