"""Average precision and recall of temporal detection, by ActivityNet's protocol."""

from collections.abc import Sequence

import numpy as np

from mmvideomae.evaluation.segment_matching import (
    Pairs,
    SegmentTable,
    check_tables,
    groups_of,
    match_greedily,
    overlapping_pairs,
)


def segment_average_precision(
    predictions: SegmentTable,
    truths: SegmentTable,
    iou_thresholds: Sequence[float],
    num_classes: int,
) -> np.ndarray:
    """Interpolated average precision of each class over all videos, (thresholds, K).

    Predictions of a class are processed by descending score, equal scores in the given order.
    A prediction is correct if an unmatched true segment of its class and video has an IoU of
    at least the threshold; it is matched to the one with the highest IoU.  Any other is wrong,
    also in a video without true segments.  Precision at each recall is replaced by its
    maximum over higher recalls, and summed over the steps of recall.

    Returns:
        NaN for classes without true segments.
    """
    check_thresholds(iou_thresholds)
    check_tables(predictions, truths, num_classes)
    ranked = predictions.by_score()
    pairs = overlapping_pairs(ranked, truths, min(iou_thresholds))
    order = np.argsort(ranked.labels, kind='stable')
    ends = np.searchsorted(ranked.labels[order], np.arange(num_classes + 1))
    positives = np.bincount(truths.labels, minlength=num_classes)
    found = np.full((len(iou_thresholds), num_classes), np.nan)
    for row, threshold in enumerate(iou_thresholds):
        right = match_greedily(pairs, threshold, len(ranked))[order] >= 0
        for label in np.flatnonzero(positives):
            found[row, label] = interpolated_ap(
                right[ends[label] : ends[label + 1]], positives[label]
            )
    return found


def interpolated_ap(right: np.ndarray, positives: int) -> float:
    """Area under the interpolated curve of precision over recall.

    Args:
        right: Whether each prediction is correct, highest score first, bool (n,).
        positives: Number of true segments.
    """
    hits = np.cumsum(right)
    precision = hits / np.arange(1, len(right) + 1)
    best = np.maximum.accumulate(precision[::-1])[::-1]
    return float(best[right].sum() / positives)


def recall_at(
    predictions: SegmentTable,
    truths: SegmentTable,
    iou_thresholds: Sequence[float],
    num_classes: int,
    multiples: Sequence[int] = (1, 5),
) -> np.ndarray:
    """Recall@kx of each class, (thresholds, multiples, K).

    The share of true segments that one of the predictions kept reaches; of a video and
    class with g true segments the ``k * g`` best predictions are kept, k of ``multiples``.

    Returns:
        NaN for classes without true segments.
    """
    check_thresholds(iou_thresholds)
    check_tables(predictions, truths, num_classes)
    ranked = predictions.by_score()
    pairs = overlapping_pairs(ranked, truths, min(iou_thresholds))
    places = places_in_group(groups_of(ranked))
    keys, number, counts = np.unique(groups_of(truths), return_inverse=True, return_counts=True)
    quota = counts[number] if len(keys) else np.zeros(0, np.int64)
    positives = np.bincount(truths.labels, minlength=num_classes)
    found = np.full((len(iou_thresholds), len(multiples), num_classes), np.nan)
    for column, multiple in enumerate(multiples):
        best = _best_iou(pairs, places, multiple * quota)
        for row, threshold in enumerate(iou_thresholds):
            reached = np.bincount(truths.labels[best >= threshold], minlength=num_classes)
            known = positives > 0
            found[row, column, known] = reached[known] / positives[known]
    return found


def _best_iou(pairs: Pairs, places: np.ndarray, quota: np.ndarray) -> np.ndarray:
    """The highest IoU of each true segment with predictions within its quota, 0 for none."""
    kept = pairs.rows(places[pairs.predictions] < quota[pairs.truths])
    best = np.zeros(len(quota))
    np.maximum.at(best, kept.truths, kept.ious)
    return best


def places_in_group(groups: np.ndarray) -> np.ndarray:
    """How many rows of the same group come before each row, (n,)."""
    order = np.argsort(groups, kind='stable')
    firsts = np.searchsorted(groups[order], groups[order], side='left')
    places = np.empty(len(groups), np.int64)
    places[order] = np.arange(len(groups)) - firsts
    return places


def check_thresholds(iou_thresholds: Sequence[float]) -> None:
    """Refuse thresholds with which nothing or everything would be found."""
    if not len(iou_thresholds) or not all(0 < each <= 1 for each in iou_thresholds):
        raise ValueError(f'IoU thresholds must lie in (0, 1], got {list(iou_thresholds)}')
