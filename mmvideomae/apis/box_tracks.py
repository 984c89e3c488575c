"""Boxes of people between the key frames at which they were found."""

from bisect import bisect_right
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch

from mmvideomae.apis.detected_actions import DetectedActions
from mmvideomae.apis.predictions import ClassScore
from mmvideomae.ops.boxes import box_iou

LEAST_IOU = 0.3
"""Boxes of neighbouring key frames that overlap at least this much show one person."""


class Sight(NamedTuple):
    """One person at a moment."""

    person: int
    """A number that stays the same while a person's boxes overlap between key frames."""
    box: np.ndarray
    """In pixels, (4,)."""
    actions: tuple[ClassScore, ...]


class BoxTracks:
    """Where the people of a video are at any moment.

    The box of a person who is found at two neighbouring key frames moves linearly between
    them; any other box keeps its place while its key frame is the nearest.  Actions are those
    of the nearest key frame.  A key frame is used for at most one step before and after it.

    Args:
        found: The result of `ActionDetector`.
        least_iou: See `LEAST_IOU`.
    """

    def __init__(self, found: DetectedActions, least_iou: float = LEAST_IOU) -> None:
        self._found = found
        # Key frames are on the time line of the annotation, frames on that of the video.
        self._times = [second - found.start_second for second in found.seconds]
        self._reach = found.step_seconds + 1e-6
        near = [
            later - earlier <= 2 * self._reach
            for earlier, later in zip(self._times, self._times[1:], strict=False)
        ]
        self.people = link_boxes(found.boxes, near, least_iou)

    def at(self, seconds: float) -> list[Sight]:
        """The people visible at a time in seconds after the first frame."""
        after = bisect_right(self._times, seconds)
        around = [place for place in (after - 1, after) if 0 <= place < len(self._times)]
        if not around:
            return []
        nearest = min(around, key=lambda place: abs(self._times[place] - seconds))
        if abs(self._times[nearest] - seconds) > self._reach:
            return []
        frame, people = self._found[nearest], self.people[nearest].tolist()
        other = next((place for place in around if place != nearest), None)
        boxes = frame.boxes if other is None else self._between(nearest, other, seconds)
        return [Sight(*each) for each in zip(people, boxes, frame.actions, strict=True)]

    def _between(self, nearest: int, other: int, seconds: float) -> np.ndarray:
        """Boxes of the nearest key frame, interpolated towards the other one."""
        boxes = self._found.boxes[nearest].copy()
        theirs = {person: row for row, person in enumerate(self.people[other].tolist())}
        share = (seconds - self._times[nearest]) / (self._times[other] - self._times[nearest])
        for row, person in enumerate(self.people[nearest].tolist()):
            if person in theirs:
                target = self._found.boxes[other][theirs[person]]
                boxes[row] = (1 - share) * boxes[row] + share * target
        return boxes


def link_boxes(
    boxes: Sequence[np.ndarray], linked: Sequence[bool], least_iou: float = LEAST_IOU
) -> list[np.ndarray]:
    """Number people across key frames.

    Boxes of neighbouring key frames are matched greedily, the largest overlap first, down to
    ``least_iou``; a box without a match shows a new person.

    Args:
        boxes: (m, 4) of each key frame.
        linked: Whether each key frame after the first is matched with the one before.

    Returns:
        int64 (m,) for each key frame.
    """
    people: list[np.ndarray] = []
    known = 0
    for place, own in enumerate(boxes):
        numbers = np.full(len(own), -1, np.int64)
        if place and linked[place - 1] and len(own) and len(boxes[place - 1]):
            ious = box_iou(torch.from_numpy(boxes[place - 1]), torch.from_numpy(own)).numpy().copy()
            while ious.max() >= least_iou:
                before, now = np.unravel_index(ious.argmax(), ious.shape)
                numbers[now] = people[-1][before]
                ious[before], ious[:, now] = -1, -1
        new = numbers < 0
        numbers[new] = known + np.arange(new.sum())
        known += int(new.sum())
        people.append(numbers)
    return people
