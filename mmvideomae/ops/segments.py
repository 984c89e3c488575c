"""Segments of time: overlap, a regression loss and non-maximum suppression.

A segment is (start, end) in any unit.  Overlap and suppression are in NumPy, for results; the loss
is in PyTorch, for training.  The rules of suppression are ActionFormer's.
"""

import math
from collections.abc import Callable, Hashable, Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

# Added to every length in suppression, as in ActionFormer, so that no length is 0.
LENGTH_EPS = 1e-6
SAME_SECONDS = 1e-3
"""Segments of one label whose ends differ by at most this are duplicates."""
SOFT_METHODS = ('gaussian', 'linear')

Decay = Callable[[np.ndarray], np.ndarray]


class Kept(NamedTuple):
    """The remaining segments after suppression, by descending score."""

    indices: np.ndarray
    """(m,) int64, indices into the candidates; equal scores keep their order."""
    scores: np.ndarray
    """(m,), after decay."""


def distinct(segments: np.ndarray, labels: Sequence[Hashable] | np.ndarray) -> np.ndarray:
    """Which segments (n, 2) are long enough and do not repeat an earlier one, bool (n,).

    ActionFormer's rule for annotations: of segments with the same label whose ends both differ
    by at most `SAME_SECONDS`, the first is kept, and shorter segments are dropped.  Invalid
    segments (not finite, or with an end before the start) are kept, because they are errors.
    """
    slack = 1e-6 * SAME_SECONDS  # for rounding errors
    good = np.ones(len(segments), bool)
    cells: dict[tuple[Hashable, int, int], list[tuple[float, float]]] = {}
    for row, ((start, end), label) in enumerate(zip(segments.tolist(), labels, strict=True)):
        if not (math.isfinite(start) and math.isfinite(end)) or end < start:
            continue
        x, y = (math.floor(value / (2 * SAME_SECONDS)) for value in (start, end))
        near = (
            other
            for i in (x - 1, x, x + 1)
            for j in (y - 1, y, y + 1)
            for other in cells.get((label, i, j), ())
        )
        good[row] = end - start >= SAME_SECONDS - slack and not any(
            max(abs(start - low), abs(end - high)) <= SAME_SECONDS + slack for low, high in near
        )
        if good[row]:
            cells.setdefault((label, x, y), []).append((start, end))
    return good


def segment_iou(a: np.ndarray, b: np.ndarray, length_eps: float = 0.0) -> np.ndarray:
    """Intersection over union of every pair, (n, 2) and (m, 2) -> (n, m); 0 for empty unions.

    Args:
        length_eps: Added to every length.
    """
    shared = np.minimum(a[:, None, 1], b[None, :, 1]) - np.maximum(a[:, None, 0], b[None, :, 0])
    shared = shared.clip(min=0)
    lengths_a, lengths_b = a[:, 1] - a[:, 0] + length_eps, b[:, 1] - b[:, 0] + length_eps
    union = lengths_a[:, None] + lengths_b[None, :] - shared
    out = np.zeros(union.shape, np.result_type(a, b, np.float32))
    return np.divide(shared, union, out=out, where=union > 0)


def distance_iou(pred: Tensor, target: Tensor, eps: float = 1e-8) -> Tensor:
    """IoU of segments around the same points, given as for `ctr_diou_loss_1d`; (n,)."""
    shared = torch.minimum(pred, target).sum(-1)
    union = pred.sum(-1) + target.sum(-1) - shared
    return shared / union.clamp(min=eps)


def ctr_diou_loss_1d(pred: Tensor, target: Tensor, eps: float = 1e-8) -> Tensor:
    """Centre-distance IoU loss of segments around the same points, (n, 2) twice -> (n,).

    ``1 - IoU + (distance of the centres / length of the enclosing segment)^2`` (ActionFormer
    section 3.3, after DIoU).

    Args:
        pred: Distances from a point to its start and to its end, >= 0.
        target: The same for the ground truth.
        eps: The least divisor.
    """
    pred, target = pred.float(), target.float()
    enclosing = torch.maximum(pred, target).sum(-1)
    # Centres are (right - left) / 2 from the common point.
    apart = 0.5 * (pred[:, 1] - pred[:, 0] - target[:, 1] + target[:, 0])
    distance = (apart / enclosing.clamp(min=eps)).square()
    return 1 - distance_iou(pred, target, eps) + distance


def nms_1d(
    segments: np.ndarray,
    scores: np.ndarray,
    labels: np.ndarray | None = None,
    iou_threshold: float = 0.7,
    min_score: float = 0.0,
    max_per_class: int | None = None,
) -> Kept:
    """Keep the best of segments with an IoU of at least ``iou_threshold``, class by class.

    Arguments and errors are those of `soft_nms_1d`.
    """

    decay = decay_by('hard', 0.0, iou_threshold)
    return _by_class(segments, scores, labels, decay, min_score, max_per_class)


def soft_nms_1d(
    segments: np.ndarray,
    scores: np.ndarray,
    labels: np.ndarray | None = None,
    method: str = 'gaussian',
    sigma: float = 0.5,
    iou_threshold: float = 0.1,
    min_score: float = 0.001,
    max_per_class: int | None = 200,
) -> Kept:
    """Lower the scores of segments that overlap with better ones, class by class.

    Repeatedly, the best candidate is kept, the scores of the rest are multiplied by a weight,
    and those that fall below ``min_score`` are dropped.  The weight is ``exp(-IoU^2 / sigma)``
    ('gaussian'), or ``1 - IoU`` if the IoU is at least ``iou_threshold`` ('linear').

    Args:
        segments: (n, 2).
        scores: (n,).
        labels: (n,); None: all are of one class.
        sigma: For 'gaussian'.
        iou_threshold: For 'linear'.
        min_score: Candidates below it are never kept, even at the start.
        max_per_class: The most segments to keep of each class; None: any number.

    Raises:
        ValueError: The shapes of the arrays do not match, values are not finite, or the method
            is unknown.
    """
    if method not in SOFT_METHODS:
        raise ValueError(f'unknown soft NMS method {method!r}; choose one of {SOFT_METHODS}')

    decay = decay_by(method, sigma, iou_threshold)
    return _by_class(segments, scores, labels, decay, min_score, max_per_class)


def decay_by(method: str, sigma: float, iou_threshold: float) -> Decay:
    """The factors of scores, as a function of the IoU with a better segment; see `soft_nms_1d`.

    Args:
        method: One of `SOFT_METHODS`, or 'hard' for `nms_1d`.
    """
    if method == 'gaussian':
        return lambda iou: np.exp(iou * iou / -sigma)
    if method == 'linear':
        return lambda iou: np.where(iou >= iou_threshold, 1 - iou, 1.0)
    return lambda iou: (iou < iou_threshold).astype(np.float64)


def vote(
    kept: np.ndarray, segments: np.ndarray, scores: np.ndarray, iou_threshold: float
) -> np.ndarray:
    """Replace each kept segment by the mean of the candidates that overlap it, (m, 2) -> (m, 2).

    The mean is over candidates whose IoU is at least ``iou_threshold``, weighted by score times
    IoU.  A segment without such candidates is unchanged.

    Args:
        segments: (n, 2), all candidates.
        scores: (n,), before decay.
    """
    voted = kept.copy()
    for row, segment in enumerate(kept):  # one at a time: (m, n) overlaps may not fit in memory
        iou = segment_iou(segment[None], segments, LENGTH_EPS)[0]
        weights = np.where(iou >= iou_threshold, iou * scores, 0)
        if (total := weights.sum()) > 0:
            voted[row] = weights @ segments / total
    return voted


def _by_class(
    segments: np.ndarray,
    scores: np.ndarray,
    labels: np.ndarray | None,
    decay: Decay,
    min_score: float,
    limit: int | None,
) -> Kept:
    """Suppress within each class; return the results of all classes by descending score."""
    _check(segments, scores, labels)
    eligible = np.flatnonzero(scores >= min_score)
    groups = [eligible]
    if labels is not None:
        by_label = eligible[np.argsort(labels[eligible], kind='stable')]
        groups = np.split(by_label, np.flatnonzero(np.diff(labels[by_label])) + 1)
    parts = [
        _suppressed(segments[group], scores[group], decay, min_score, limit) for group in groups
    ]
    indices = np.concatenate(
        [group[part.indices] for group, part in zip(groups, parts, strict=True)]
    )
    left = np.concatenate([part.scores for part in parts])
    order = np.lexsort((indices, -left))
    return Kept(indices[order], left[order].astype(scores.dtype))


def _check(segments: np.ndarray, scores: np.ndarray, labels: np.ndarray | None) -> None:
    count = len(segments)
    shapes = [segments.shape, scores.shape, *([] if labels is None else [labels.shape])]
    if shapes != [(count, 2), (count,), (count,)][: len(shapes)]:
        raise ValueError(f'segments (n, 2), scores (n,) and labels (n,) expected, got {shapes}')
    if not (np.isfinite(segments).all() and np.isfinite(scores).all()):
        raise ValueError('segments and scores must be finite')


def _suppressed(
    segments: np.ndarray,
    scores: np.ndarray,
    decay: Decay,
    min_score: float,
    limit: int | None,
) -> Kept:
    """Suppress within one class, with one pass over all candidates for each segment kept."""
    starts, ends = np.ascontiguousarray(segments.T, dtype=np.float64)
    left, ids = scores.astype(np.float64), np.arange(len(scores))
    kept: list[int] = []
    values: list[float] = []
    # Scores only decrease, so later picks are never better and stopping at the limit is exact.
    while len(left) and len(kept) < (len(scores) if limit is None else limit):
        best = int(left.argmax())
        if left[best] == -np.inf:
            break
        kept.append(int(ids[best]))
        values.append(float(left[best]))
        weight = decay(_iou_with(best, starts, ends))
        left *= np.where(left > -np.inf, weight, 1.0)
        left[(weight == 0) | (left < min_score)] = -np.inf
        left[best] = -np.inf
        alive = left > -np.inf
        if 2 * np.count_nonzero(alive) < len(left):
            starts, ends, left, ids = starts[alive], ends[alive], left[alive], ids[alive]
    return Kept(np.array(kept, dtype=np.int64), np.array(values))


def _iou_with(best: int, starts: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """IoU of one candidate with all, (n,); `segment_iou` with fewer temporaries."""
    shared = np.minimum(ends, ends[best])
    shared -= np.maximum(starts, starts[best])
    np.maximum(shared, 0, out=shared)
    lengths = ends - starts
    lengths += LENGTH_EPS
    lengths += lengths[best].item()
    lengths -= shared
    shared /= lengths
    return shared
