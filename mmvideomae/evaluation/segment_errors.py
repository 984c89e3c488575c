"""The kinds of errors that a temporal detector makes."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from mmvideomae.evaluation.segment_matching import (
    SegmentTable,
    check_tables,
    match_greedily,
    overlapping_pairs,
)

KINDS = ('correct', 'duplicate', 'classification', 'localisation', 'background')
_GROUPS = 5


@dataclass(frozen=True)
class ErrorBreakdown:
    """Numbers of predictions of each kind, and of missed true segments.

    Attributes:
        iou_threshold: Least IoU at which a prediction finds a segment.
        background_iou: IoU below which a prediction is background.
        profile: Numbers of predictions by rank and kind, int64 (ranks, `KINDS`): for each class
            with G true segments, row r counts the predictions ``r * G`` to ``(r + 1) * G - 1``.
        missed: Missed segments of each class, int64 (K,).
        truths: True segments of each class, int64 (K,).
        lengths: Edges of groups of length in seconds, ascending, (groups + 1,).
        missed_by_length: Missed segments in each group, int64 (groups,).
        truths_by_length: True segments in each group, int64 (groups,).
    """

    iou_threshold: float
    background_iou: float
    profile: np.ndarray
    missed: np.ndarray
    truths: np.ndarray
    lengths: np.ndarray
    missed_by_length: np.ndarray
    truths_by_length: np.ndarray

    def counts(self, ranks: int = 1) -> dict[str, int]:
        """Numbers of predictions of each kind in the first rows of the profile, and ``missed``."""
        summed = self.profile[:ranks].sum(0).tolist()
        return {**dict(zip(KINDS, summed, strict=True)), 'missed': int(self.missed.sum())}

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers for a JSON file."""
        return {
            'iou_threshold': self.iou_threshold,
            'background_iou': self.background_iou,
            'kinds': list(KINDS),
            **{
                name: getattr(self, name).tolist()
                for name in ('profile', 'missed', 'truths', 'lengths')
            },
            'missed_by_length': self.missed_by_length.tolist(),
            'truths_by_length': self.truths_by_length.tolist(),
        }


def break_down_errors(
    predictions: SegmentTable,
    truths: SegmentTable,
    num_classes: int,
    iou_threshold: float = 0.5,
    background_iou: float = 0.1,
    ranks: int = 10,
) -> ErrorBreakdown:
    """Classify the best predictions, ``ranks`` times as many as true segments, by kind.

    The kind of a prediction is the first that applies:

    - ``correct``: it is matched to a true segment (`match_greedily`);
    - ``duplicate``: it reaches ``iou_threshold`` with one of its class that is already matched;
    - ``classification``: it reaches ``iou_threshold`` with one of another class;
    - ``localisation``: it reaches ``background_iou`` with one of its class;
    - ``background``: none of these.

    True segments to which none of these predictions is matched are missed.

    Raises:
        ValueError: The two IoUs are not ``0 < background_iou < iou_threshold <= 1``, a label is
            not a class, or there are no true segments.
    """
    if not 0 < background_iou < iou_threshold <= 1:
        raise ValueError(
            f'0 < background_iou < iou_threshold <= 1 must hold, got {background_iou} and '
            f'{iou_threshold}'
        )
    check_tables(predictions, truths, num_classes)
    totals = np.bincount(truths.labels, minlength=num_classes)
    ranked, rows = _best(predictions, totals, ranks)
    kinds, found = _kinds(ranked, truths, iou_threshold, background_iou)
    profile = np.zeros((ranks, len(KINDS)), np.int64)
    np.add.at(profile, (rows, kinds), 1)
    missed = np.ones(len(truths), bool)
    missed[found] = False
    lengths = truths.segments[:, 1] - truths.segments[:, 0]
    edges = np.unique(np.quantile(lengths, np.linspace(0, 1, _GROUPS + 1)))
    if len(edges) == 1:
        edges = np.repeat(edges, 2)
    group = np.clip(np.searchsorted(edges, lengths, side='right') - 1, 0, len(edges) - 2)
    return ErrorBreakdown(
        iou_threshold,
        background_iou,
        profile,
        np.bincount(truths.labels[missed], minlength=num_classes),
        totals,
        edges,
        np.bincount(group[missed], minlength=len(edges) - 1),
        np.bincount(group, minlength=len(edges) - 1),
    )


def _best(
    predictions: SegmentTable, totals: np.ndarray, ranks: int
) -> tuple[SegmentTable, np.ndarray]:
    """The best predictions of each class, highest score first, and their rows of the profile."""
    ranked = predictions.by_score()
    places = np.empty(len(ranked), np.int64)
    for label in np.unique(ranked.labels):
        mine = np.flatnonzero(ranked.labels == label)
        places[mine] = np.arange(len(mine))
    quota = totals[ranked.labels]
    kept = places < ranks * quota
    return ranked.rows(kept), places[kept] // quota[kept]


def _kinds(
    ranked: SegmentTable, truths: SegmentTable, iou_threshold: float, background_iou: float
) -> tuple[np.ndarray, np.ndarray]:
    """Index into `KINDS` for each prediction, and the rows of matched true segments."""
    own = overlapping_pairs(ranked, truths, background_iou)
    taken = match_greedily(own, iou_threshold, len(ranked))
    every = overlapping_pairs(ranked, truths, iou_threshold, same_class=False)
    kinds = np.full(len(ranked), KINDS.index('background'))
    # From the last rule to the first, which has priority.
    kinds[own.predictions] = KINDS.index('localisation')
    kinds[every.predictions] = KINDS.index('classification')
    kinds[own.predictions[own.ious >= iou_threshold]] = KINDS.index('duplicate')
    kinds[taken >= 0] = KINDS.index('correct')
    return kinds, taken[taken >= 0]
