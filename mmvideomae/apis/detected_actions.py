"""Boxes of people with their actions at the key frames of a video."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, overload

import numpy as np

from mmvideomae.apis.predictions import ClassScore


class KeyFrameActions(NamedTuple):
    """The m people at one moment and their actions."""

    second: float
    boxes: np.ndarray
    """x1, y1, x2, y2 in pixels of the video's frames, float32 (m, 4)."""
    box_scores: np.ndarray
    """Confidence that a box shows a person, float32 (m,)."""
    actions: tuple[tuple[ClassScore, ...], ...]
    """For each person, the actions with sufficient scores, best first; ids start at 1."""
    scores: np.ndarray
    """Scores of all actions, float32 (m, K); column k is that of id k + 1."""


@dataclass(frozen=True, eq=False)
class DetectedActions(Sequence[KeyFrameActions]):
    """The people of a video and their actions, a sequence over its key frames.

    Attributes:
        video: The file or folder.
        video_id: Its name without suffix.
        size: Height and width of its frames in pixels.
        start_second: Time of its first frame on the time line of ``seconds``.
        step_seconds: The least distance between key frames.
        classes: Names of the actions, keyed by id; actions without a name are not shown.
        seconds: Times of the F key frames, ascending.
        boxes: For each key frame, float32 (m, 4), in pixels.
        box_scores: For each key frame, float32 (m,).
        scores: For each key frame, float32 (m, K).
        min_score: Actions with lower scores are not shown.
        top_k: The most actions to show for a person; None: all.
    """

    video: str
    video_id: str
    size: tuple[int, int]
    start_second: float
    step_seconds: float
    classes: dict[int, str]
    seconds: tuple[float, ...]
    boxes: tuple[np.ndarray, ...]
    box_scores: tuple[np.ndarray, ...]
    scores: tuple[np.ndarray, ...]
    min_score: float = 0.3
    top_k: int | None = None

    def __len__(self) -> int:
        return len(self.seconds)

    @overload
    def __getitem__(self, place: int) -> KeyFrameActions: ...

    @overload
    def __getitem__(self, place: slice) -> list[KeyFrameActions]: ...

    def __getitem__(self, place: int | slice) -> KeyFrameActions | list[KeyFrameActions]:
        if isinstance(place, slice):
            return [self[number] for number in range(*place.indices(len(self)))]
        scores = self.scores[place]
        return KeyFrameActions(
            self.seconds[place],
            self.boxes[place],
            self.box_scores[place],
            tuple(self._best(row) for row in scores),
            scores,
        )

    def at_least(self, score: float, top_k: int | None = None) -> 'DetectedActions':
        """The same results, showing actions with at least this score."""
        return replace(self, min_score=score, top_k=top_k)

    def _repr_html_(self) -> str:
        from mmvideomae.apis.display import actions_html  # which imports this module

        return actions_html(self)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, without scores of actions that are not shown."""
        height, width = self.size
        return {
            'video': self.video,
            'video_id': self.video_id,
            'width': width,
            'height': height,
            'key_frames': [
                {
                    'second': frame.second,
                    'people': [
                        {
                            'box': [round(edge, 2) for edge in box.tolist()],
                            'box_score': round(float(score), 6),
                            'actions': [
                                {**one._asdict(), 'score': round(one.score, 6)} for one in actions
                            ],
                        }
                        for box, score, actions in zip(
                            frame.boxes, frame.box_scores, frame.actions, strict=True
                        )
                    ],
                }
                for frame in self
            ],
        }

    def _best(self, scores: np.ndarray) -> tuple[ClassScore, ...]:
        """The actions to show for one person."""
        named = [(number, float(scores[number - 1])) for number in self.classes]
        kept = sorted(
            (each for each in named if each[1] >= self.min_score), key=lambda each: -each[1]
        )
        return tuple(ClassScore(self.classes[n], score, n) for n, score in kept[: self.top_k])
