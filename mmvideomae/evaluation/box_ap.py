"""Average precision of boxes with several labels each, by AVA's protocol."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from mmvideomae.evaluation.segment_ap import interpolated_ap


@dataclass(frozen=True)
class BoxTable:
    """The n boxes of many key frames, one per row.

    Attributes:
        frames: Number of each box's key frame, ascending, int64 (n,).
        boxes: xyxy in any unit that both tables share, float64 (n, 4).
        values: For predictions, the scores, -inf where a box does not predict a class; for
            true boxes, whether they have a label; (n, K).
    """

    frames: np.ndarray
    boxes: np.ndarray
    values: np.ndarray

    @classmethod
    def gather(
        cls, frames: Iterable[tuple[np.ndarray, np.ndarray]], num_classes: int
    ) -> 'BoxTable':
        """Combine the boxes (n, 4) and values (n, K) of all key frames.

        Raises:
            ValueError: Shapes differ, or a box or value is not finite.
        """
        parts = [(np.reshape(boxes, (-1, 4)), np.asarray(values)) for boxes, values in frames]
        for boxes, values in parts:
            if values.shape != (len(boxes), num_classes):
                raise ValueError(
                    f'{len(boxes)} boxes need values of shape {(len(boxes), num_classes)}, with a '
                    f'column per class, got {values.shape}'
                )
        counts = [len(boxes) for boxes, _ in parts]
        table = cls(
            np.repeat(np.arange(len(parts)), counts),
            np.concatenate([np.zeros((0, 4)), *(boxes for boxes, _ in parts)]),
            np.concatenate([each for _, each in parts] or [np.zeros((0, num_classes))]),
        )
        if np.isnan(table.values).any() or not np.isfinite(table.boxes).all():
            raise ValueError('boxes and scores must be finite numbers to be evaluated')
        return table

    def __len__(self) -> int:
        return len(self.frames)

    def rows(self, chosen: np.ndarray) -> 'BoxTable':
        """The rows selected by a mask, in order."""
        return BoxTable(self.frames[chosen], self.boxes[chosen], self.values[chosen])


class _Pairs(NamedTuple):
    """Pairs of overlapping predictions and true boxes, by descending IoU for each prediction."""

    predictions: np.ndarray
    truths: np.ndarray


def box_average_precision(
    predictions: BoxTable,
    truths: BoxTable,
    iou_threshold: float = 0.5,
    score_threshold: float = 0.0,
    ignore_empty: bool = False,
) -> np.ndarray:
    """Interpolated average precision of each class over all key frames, (K,).

    Predictions of a class are processed by descending score, equal scores in the given
    order.  A prediction is correct if the true box of its class and key frame with the
    highest IoU reaches the threshold and has not been matched; it is then matched.  (Unlike
    in ActivityNet's protocol, the next box is not tried.)  Precision at each recall is
    replaced by its maximum over higher recalls, and summed over the steps of recall.

    Args:
        score_threshold: Only higher scores count as predictions.
        ignore_empty: Ignore predictions on key frames where no class has a true box, as in
            mmaction2; otherwise they are wrong, as in AVA's own evaluation.

    Returns:
        NaN for classes without true boxes, 0 for those without predictions.

    Raises:
        ValueError: The threshold is outside (0, 1].
    """
    if not 0 < iou_threshold <= 1:
        raise ValueError(f'the IoU threshold must lie in (0, 1], got {iou_threshold}')
    labels = truths.values.astype(bool)
    if ignore_empty:
        predictions = on_annotated(predictions, truths)
    pairs = _overlapping_pairs(predictions, truths, iou_threshold)
    positives = labels.sum(0)
    found = np.full(labels.shape[1], np.nan)
    for column in np.flatnonzero(positives):
        scores = predictions.values[:, column]
        rows = np.flatnonzero(scores > score_threshold)
        order = rows[np.argsort(-scores[rows], kind='stable')]
        right = _right(order, len(predictions), pairs, labels[:, column])
        found[column] = interpolated_ap(right, positives[column])
    return found


def on_annotated(predictions: BoxTable, truths: BoxTable) -> BoxTable:
    """The predictions on key frames where any class has a true box."""
    frames = truths.frames[truths.values.astype(bool).any(1)]
    return predictions.rows(np.isin(predictions.frames, frames))


def _overlapping_pairs(predictions: BoxTable, truths: BoxTable, least: float) -> _Pairs:
    """Pairs in a key frame whose IoU is at least ``least``, of any classes."""
    begins, ends = (
        np.searchsorted(truths.frames, predictions.frames, side) for side in ('left', 'right')
    )
    counts = ends - begins
    mine = np.repeat(np.arange(len(predictions)), counts)
    before = np.cumsum(counts) - counts  # number of pairs before those of each prediction
    theirs = np.arange(len(mine)) - (before - begins)[mine]
    ious = _iou(predictions.boxes[mine], truths.boxes[theirs])
    near = ious >= least
    mine, theirs, ious = mine[near], theirs[near], ious[near]
    order = np.lexsort((theirs, -ious, mine))
    return _Pairs(mine[order], theirs[order])


def _iou(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Intersection over union row by row, (n, 4) twice -> (n,); 0 for empty unions."""
    low, high = np.maximum(a[:, :2], b[:, :2]), np.minimum(a[:, 2:], b[:, 2:])
    shared = (high - low).clip(min=0).prod(1)
    union = sum((each[:, 2:] - each[:, :2]).prod(1) for each in (a, b)) - shared
    return np.divide(shared, union, out=np.zeros(len(a)), where=union > 0)


def _right(order: np.ndarray, total: int, pairs: _Pairs, labelled: np.ndarray) -> np.ndarray:
    """Whether predictions of a class are correct.

    Args:
        order: Rows of the class's predictions by descending score, (p,).
        total: Number of rows of predictions of all classes.
        labelled: Which true boxes have the class, bool.

    Returns:
        bool (p,), in the order of ``order``.
    """
    ranks = np.full(total, -1)
    ranks[order] = np.arange(len(order))
    kept = labelled[pairs.truths] & (ranks[pairs.predictions] >= 0)
    mine, theirs = pairs.predictions[kept], pairs.truths[kept]
    best = np.ones(len(mine), bool)
    best[1:] = mine[1:] != mine[:-1]  # a prediction tries only its best true box
    asked, by = theirs[best], ranks[mine[best]]
    right = np.zeros(len(order), bool)
    first = np.full(len(labelled), len(order))
    np.minimum.at(first, asked, by)
    right[first[first < len(order)]] = True
    return right
