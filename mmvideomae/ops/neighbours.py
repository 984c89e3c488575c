"""Find and count the nearest neighbours of feature vectors."""

import torch
from torch import Tensor
from torch.nn import functional as F

DISTANCES = ('cosine', 'l2')
_ENTRIES = 2**25  # of the matrix of distances at a time


def nearest_neighbours(
    queries: Tensor, bank: Tensor, count: int, distance: str = 'cosine', itself: bool = True
) -> tuple[Tensor, Tensor]:
    """Queries (Q, D) and a bank (n, D) -> similarities (Q, k) and row numbers (Q, k), best first.

    Distances are computed in float64, so that rounding decides no order, for a block of queries at
    a time.

    Args:
        count: k; fewer if the bank is smaller.
        distance: 'cosine', with the cosine as similarity, or 'l2', with the negative distance.
        itself: False: query i and row i are the same sample, which is no neighbour of itself.

    Raises:
        ValueError: The distance is unknown, or ``count`` is not positive.
    """
    if distance not in DISTANCES or count < 1:
        raise ValueError(
            f'distance must be one of {DISTANCES} and count positive, got {distance!r} and {count}'
        )
    rows, asked = bank.double(), queries.double()
    if distance == 'cosine':
        rows, asked = F.normalize(rows), F.normalize(asked)
    count = min(count, len(rows) - (not itself))
    found = []
    for first in range(0, len(asked), step := max(1, _ENTRIES // len(rows))):
        block = asked[first : first + step]
        if distance == 'cosine':
            alike = block @ rows.T
        else:
            alike = -torch.cdist(block, rows, compute_mode='use_mm_for_euclid_dist')
        if not itself:
            own = torch.arange(len(block), device=alike.device)
            alike[own, own + first] = -torch.inf
        found.append(alike.topk(count))
    values, ids = zip(*found, strict=True)
    return torch.cat(values), torch.cat(ids)


def softmax_votes(similarities: Tensor, temperature: float) -> Tensor:
    """Weights of neighbours (Q, k) -> (Q, k): DINO's softmax over all of them."""
    return (similarities / temperature).softmax(1)


def class_votes(labels: Tensor, num_classes: int, weights: Tensor | None = None) -> Tensor:
    """Labels of neighbours (Q, k), and their weights -> votes for each class (Q, K).

    Without weights, each neighbour has one vote.
    """
    weights = torch.ones(labels.shape, dtype=torch.float64) if weights is None else weights
    votes = weights.new_zeros(len(labels), num_classes, device=labels.device)
    return votes.scatter_add_(1, labels, weights.to(votes))
