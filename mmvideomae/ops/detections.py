"""Detected segments of a video, and the suppression of those that overlap better ones."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from mmvideomae.ops.segments import Kept, nms_1d, soft_nms_1d, vote

METHODS = ('gaussian', 'linear', 'hard', 'none')


class Detections(NamedTuple):
    """m segments by descending score."""

    segments: np.ndarray
    """(m, 2) float."""
    scores: np.ndarray
    """(m,)."""
    labels: np.ndarray
    """(m,) int64."""

    def best(self, count: int) -> 'Detections':
        """The ``count`` segments with the highest scores; among equal ones, the first."""
        return self.where(np.argsort(-self.scores, kind='stable')[:count])

    def where(self, kept: np.ndarray) -> 'Detections':
        """Those that a mask (m,) or indices choose."""
        return Detections(self.segments[kept], self.scores[kept], self.labels[kept])

    def clipped(self, start: float, end: float) -> 'Detections':
        """The segments cut off at two times."""
        return self._replace(segments=self.segments.clip(start, end))

    @classmethod
    def joined(cls, parts: Iterable['Detections']) -> 'Detections':
        """The segments of several parts of a video, in the order of the parts."""
        return cls(*map(np.concatenate, zip(*parts, strict=True)))


@dataclass(frozen=True)
class Suppression:
    """How the best of overlapping segments are kept; the defaults are those for THUMOS14.

    Raises:
        ValueError: The method is unknown.
    """

    method: str = 'gaussian'
    """One of ``METHODS``."""
    sigma: float = 0.5
    iou_threshold: float = 0.1
    """For 'linear' and 'hard'."""
    min_score: float = 0.001
    max_segments: int = 200
    """The most segments of each class, and of all."""
    class_agnostic: bool = False
    """Suppress across classes."""
    voting_thresh: float | None = None
    """Least IoU with a segment for candidates to vote on its ends; None: no voting."""

    def __post_init__(self) -> None:
        if self.method not in METHODS:
            raise ValueError(f'unknown NMS method {self.method!r}; choose one of {METHODS}')


def suppress(found: Detections, settings: Suppression) -> Detections:
    """Keep the best of overlapping candidates."""
    return suppressed(found, settings, found)[1]


def suppressed(
    found: Detections, settings: Suppression, voters: Detections
) -> tuple[np.ndarray, Detections]:
    """The indices of the candidates that are kept, (m,), and what becomes of them.

    Args:
        voters: What votes on the ends of segments.
    """
    segments, scores, labels = found
    groups = None if settings.class_agnostic else labels
    kept = _kept(segments, scores, groups, settings)
    chosen = kept.indices[: settings.max_segments]
    left = segments[chosen]
    if settings.voting_thresh is not None:
        left = left.copy()
        of_kept = np.zeros(len(chosen), int) if groups is None else labels[chosen]
        of_all = np.zeros(len(voters.labels), int) if groups is None else voters.labels
        for label in np.unique(of_kept):
            mine, theirs = of_kept == label, of_all == label
            parts = voters.segments[theirs], voters.scores[theirs]
            left[mine] = vote(left[mine], *parts, settings.voting_thresh)
    return chosen, Detections(left, kept.scores[: settings.max_segments], labels[chosen])


def _kept(
    segments: np.ndarray, scores: np.ndarray, groups: np.ndarray | None, settings: Suppression
) -> Kept:
    limit, least = settings.max_segments, settings.min_score
    if settings.method == 'none':
        order = np.argsort(-scores, kind='stable')
        return Kept(order, scores[order])
    if settings.method == 'hard':
        return nms_1d(segments, scores, groups, settings.iou_threshold, least, limit)
    return soft_nms_1d(
        segments,
        scores,
        groups,
        settings.method,
        settings.sigma,
        settings.iou_threshold,
        least,
        limit,
    )
