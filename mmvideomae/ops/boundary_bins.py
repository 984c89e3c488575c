"""Distances to the ends of a segment as expectations over bins (TriDet, 2303.07347)."""

import torch
from torch import Tensor
from torch.nn import functional as F


def expected_distances(starts: Tensor, ends: Tensor, centre: Tensor) -> Tensor:
    """The distances from each step to the start and end of its segment, for each class.

    The chance that the segment of step t starts b steps before it is the softmax over b = 0 .. n
    of the start score of step t - b plus the step's own score of b; likewise for its end, b steps
    after it.  Steps beyond the sequence have the score 0.

    Args:
        starts: (B, L, K), a score for each step to be a start.
        ends: (B, L, K), likewise.
        centre: (B, L, 2, n + 1), own scores of a step, the farthest bin first for the start, and
            the nearest first for the end.

    Returns:
        (B, L, K, 2), in [0, n].
    """
    bins = centre.shape[-1] - 1
    after = torch.arange(bins + 1, dtype=torch.float32, device=centre.device)
    before = F.pad(starts.mT, (bins, 0)).unfold(2, bins + 1, 1).transpose(1, 2)
    beyond = F.pad(ends.mT, (0, bins)).unfold(2, bins + 1, 1).transpose(1, 2)
    left = (before.float() + centre[:, :, None, 0]).softmax(-1) @ after.flip(0)
    right = (beyond.float() + centre[:, :, None, 1]).softmax(-1) @ after
    return torch.stack([left, right], -1)
