"""Suppression of overlapping segments while the windows of a video are still coming."""

import math

import numpy as np

from mmvideomae.ops.detections import Detections, Suppression, suppressed
from mmvideomae.ops.segments import LENGTH_EPS, decay_by, segment_iou


class RunningSuppression:
    """Gives out segments as soon as no later window shows their end.

    What was given out is not taken back: it lowers the scores of what is found later, whatever
    the score, and nothing that comes later changes it.  For the candidates of one window, or of
    several if none that comes later overlaps those before, this is `suppress`, except that
    ``max_segments`` are kept each time.

    Args:
        settings: How to suppress.
        reach: Length of a window in seconds.  What ended longer ago is forgotten, and segments end
            at most two windows after the time up to which others are settled.
    """

    def __init__(self, settings: Suppression, reach: float) -> None:
        self.settings, self.reach = settings, reach
        self._decay = decay_by(settings.method, settings.sigma, settings.iou_threshold)
        nothing = Detections(
            np.zeros((0, 2), np.float32), np.zeros(0, np.float32), np.zeros(0, int)
        )
        self._waiting = self._given = self._voters = nothing

    def add(self, found: Detections) -> None:
        """Take the candidates of the next window."""
        self._waiting = Detections.joined([self._waiting, self._lowered(found, self._given)])
        if self.settings.voting_thresh is not None:
            self._voters = Detections.joined([self._voters, found])

    def settle(self, until: float) -> Detections:
        """The segments that end by a time before which nothing will be found any more.

        Returns:
            Those that were not given out before, by descending score.
        """
        self._waiting = self._waiting.clipped(0, until + 2 * self.reach)
        waiting = self._waiting
        chosen, best = suppressed(waiting, self.settings, self._voters)
        ended = waiting.segments[:, 1] <= until
        final = ended[chosen]
        # Only what comes after a segment, by its score, is lowered by it.
        ranks = np.full(len(ended), len(chosen))
        ranks[chosen] = np.arange(len(chosen))
        given = waiting.where(chosen[final])
        left = ~ended
        by = ranks[chosen[final]]
        self._waiting = self._lowered(waiting.where(left), given, ranks[left], by)
        since = until - self.reach
        self._given = _ending_after(Detections.joined([self._given, given]), since)
        self._voters = _ending_after(self._voters, since)
        return best.where(final)

    def finish(self, end: float) -> Detections:
        """The remaining segments of a video that ends at a time, at which they are cut off."""
        self._waiting = self._waiting.clipped(0, end)
        self._voters = self._voters.clipped(0, end)
        return self.settle(math.inf)

    def _lowered(
        self,
        found: Detections,
        better: Detections,
        ranks: np.ndarray | None = None,
        better_ranks: np.ndarray | None = None,
    ) -> Detections:
        """The candidates that remain, with scores lowered by segments that were given out.

        Args:
            ranks, better_ranks: A segment lowers those of higher rank; None: it lowers all.
        """
        if self.settings.method == 'none' or not len(better.labels):
            return found
        segments, weights = found.segments.astype(np.float64), np.ones(len(found.labels))
        for row, (segment, label) in enumerate(zip(better.segments, better.labels, strict=True)):
            iou = segment_iou(segment[None].astype(np.float64), segments, LENGTH_EPS)[0]
            hit = np.full(len(iou), True) if self.settings.class_agnostic else found.labels == label
            if ranks is not None and better_ranks is not None:
                hit = hit & (ranks > better_ranks[row])
            weights[hit] *= self._decay(iou[hit])
        scores = (found.scores * weights).astype(found.scores.dtype)
        kept = (weights > 0) & (scores >= self.settings.min_score)
        return found._replace(scores=scores).where(kept)


def _ending_after(found: Detections, time: float) -> Detections:
    return found.where(found.segments[:, 1] > time)
