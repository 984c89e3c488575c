"""Match predicted segments to true ones."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from mmvideomae.ops.segments import segment_iou


@dataclass(frozen=True)
class SegmentTable:
    """The n segments of many videos, one per row.

    Attributes:
        videos: Number of each segment's video, int64 (n,).
        segments: Start and end in seconds, float64 (n, 2).
        labels: Class of each segment, int64 (n,).
        scores: float64 (n,); meaningless for true segments.
    """

    videos: np.ndarray
    segments: np.ndarray
    labels: np.ndarray
    scores: np.ndarray

    @classmethod
    def gather(
        cls, videos: Iterable[tuple[np.ndarray, np.ndarray, np.ndarray | None]]
    ) -> 'SegmentTable':
        """Combine the segments (n, 2), labels (n,) and scores (n,) of all videos.

        Raises:
            ValueError: Segments or scores are not finite, or numbers of rows differ.
        """
        parts = list(videos)
        counts = [len(segments) for segments, _, _ in parts]
        numbers = np.repeat(np.arange(len(parts)), counts)
        if not parts:
            return cls(numbers, np.zeros((0, 2)), np.zeros(0, np.int64), np.zeros(0))
        segments = np.concatenate([np.reshape(each, (-1, 2)) for each, _, _ in parts])
        labels = np.concatenate([np.asarray(each, np.int64) for _, each, _ in parts])
        scores = np.concatenate(
            [
                np.ones(count) if each is None else np.asarray(each, np.float64)
                for (_, _, each), count in zip(parts, counts, strict=True)
            ]
        )
        if not len(segments) == len(labels) == len(scores):
            raise ValueError(
                f'{len(segments)} segments with {len(labels)} labels and {len(scores)} scores'
            )
        if not (np.isfinite(segments).all() and np.isfinite(scores).all()):
            raise ValueError('segments and scores must be finite numbers to be evaluated')
        return cls(numbers, segments.astype(np.float64), labels, scores)

    def __len__(self) -> int:
        return len(self.videos)

    def rows(self, chosen: np.ndarray) -> 'SegmentTable':
        """The rows selected by numbers or a mask."""
        return SegmentTable(
            self.videos[chosen], self.segments[chosen], self.labels[chosen], self.scores[chosen]
        )

    def by_score(self) -> 'SegmentTable':
        """Rows by descending score; equal ones keep their order."""
        return self.rows(np.argsort(-self.scores, kind='stable'))


@dataclass(frozen=True)
class Pairs:
    """The m pairs of overlapping predictions and true segments.

    They are ordered by prediction, then by descending IoU, then by true segment.

    Attributes:
        predictions: Rows of the predictions, (m,).
        truths: Rows of the true segments, (m,).
        ious: IoUs in [0, 1], (m,).
    """

    predictions: np.ndarray
    truths: np.ndarray
    ious: np.ndarray

    def rows(self, chosen: np.ndarray) -> 'Pairs':
        """The pairs selected by a mask."""
        return Pairs(self.predictions[chosen], self.truths[chosen], self.ious[chosen])


def check_tables(predictions: SegmentTable, truths: SegmentTable, num_classes: int) -> None:
    """Check that a mean over classes exists.

    Raises:
        ValueError: A label is not a class, or there are no true segments.
    """
    for name, table in (('predicted', predictions), ('true', truths)):
        outside = table.labels[(table.labels < 0) | (table.labels >= num_classes)]
        if len(outside):
            raise ValueError(f'{name} label {outside[0]} is outside 0..{num_classes - 1}')
    if not len(truths):
        raise ValueError('there are no true segments to evaluate against')


def groups_of(table: SegmentTable, by_class: bool = True) -> np.ndarray:
    """A number for each row, equal for rows of one video (and class), (n,)."""
    if not by_class or not len(table):
        return table.videos
    return table.videos * (1 << 32) + table.labels


def overlapping_pairs(
    predictions: SegmentTable, truths: SegmentTable, least: float, same_class: bool = True
) -> Pairs:
    """Pairs within a video (and class) with an IoU of at least ``least``."""
    of_predictions, of_truths = (groups_of(t, same_class) for t in (predictions, truths))
    found = []
    for mine, theirs in _common_groups(of_predictions, of_truths):
        ious = segment_iou(predictions.segments[mine], truths.segments[theirs])
        rows, columns = np.nonzero(ious >= least)
        found.append((mine[rows], theirs[columns], ious[rows, columns]))
    if not found:
        return Pairs(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0))
    rows, columns, values = (np.concatenate(column) for column in zip(*found, strict=True))
    order = np.lexsort((columns, -values, rows))
    return Pairs(rows[order], columns[order], values[order])


def match_greedily(pairs: Pairs, threshold: float, predictions: int) -> np.ndarray:
    """Match predictions, in their order, to true segments.

    Each is matched to the unmatched one with the highest IoU that reaches the threshold.

    Returns:
        Row of the true segment of each prediction, -1 for none, int64 (predictions,).
    """
    kept = pairs.rows(pairs.ious >= threshold)
    taken = [-1] * predictions
    gone = set()
    # One pass over the pairs in order applies the protocol to all videos and classes at once,
    # since no two groups share a row.
    for prediction, truth in zip(kept.predictions.tolist(), kept.truths.tolist(), strict=True):
        if taken[prediction] < 0 and truth not in gone:
            taken[prediction] = truth
            gone.add(truth)
    return np.array(taken, np.int64)


def _common_groups(first: np.ndarray, second: np.ndarray) -> Iterator[tuple[np.ndarray, ...]]:
    """For each group in both, the rows of both that are in it."""
    orders = [np.argsort(keys, kind='stable') for keys in (first, second)]
    ordered = [keys[order] for keys, order in zip((first, second), orders, strict=True)]
    shared = np.intersect1d(*ordered)
    bounds = [
        np.stack([np.searchsorted(keys, shared, side) for side in ('left', 'right')], axis=1)
        for keys in ordered
    ]
    for one, other in zip(*(bound.tolist() for bound in bounds), strict=True):
        yield orders[0][slice(*one)], orders[1][slice(*other)]
