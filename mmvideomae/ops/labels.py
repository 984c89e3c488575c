"""Labels of clips that have several classes."""

from torch import Tensor


def smooth_many(labels: Tensor, smoothing: float) -> Tensor:
    """Labels (B, K) in [0, 1] -> labels that are nearer to one half by a share ``smoothing``.

    Each class is a question of its own with two answers, so smoothing spreads over these two.
    """
    return labels * (1 - smoothing) + smoothing / 2
