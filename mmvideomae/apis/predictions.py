"""Results of a classifier: the best classes of a video, or labels over time."""

import csv
import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple, overload

import numpy as np

from mmvideomae.storage import replacing, write_text


class ClassScore(NamedTuple):
    """A class and its probability in [0, 1]."""

    label: str
    score: float
    class_id: int


@dataclass(frozen=True)
class Prediction:
    """The classes of one video.

    Attributes:
        video: The file or folder.
        top: The most probable classes, best first; empty if none reaches the threshold.
        scores: Probabilities of all classes, (K,) float32.
    """

    video: str
    top: tuple[ClassScore, ...]
    scores: np.ndarray

    def as_json(self) -> dict[str, Any]:
        """Plain values, without scores of classes outside ``top``."""
        return {'video': self.video, 'top': [_plain(one) for one in self.top]}

    def _repr_html_(self) -> str:
        from mmvideomae.apis.display import prediction_html  # which imports this module

        return prediction_html(self)


class Span(NamedTuple):
    """The most probable class of an interval of a video; times in seconds."""

    start: float
    end: float
    label: str
    score: float


@dataclass(frozen=True, eq=False)
class Timeline(Sequence[Span]):
    """The classes of a video window by window: a sequence with a span for each window.

    Attributes:
        video: The file or folder.
        starts, ends: Times of the windows in seconds, (W,); windows may overlap.
        scores: Probabilities of all classes, (W, K) float32.
        classes: Names, K of them.
    """

    video: str
    starts: np.ndarray
    ends: np.ndarray
    scores: np.ndarray
    classes: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.starts)

    @overload
    def __getitem__(self, place: int) -> Span: ...

    @overload
    def __getitem__(self, place: slice) -> list[Span]: ...

    def __getitem__(self, place: int | slice) -> Span | list[Span]:
        if isinstance(place, slice):
            return [self[number] for number in range(*place.indices(len(self)))]
        best = int(self.scores[place].argmax())
        score = float(self.scores[place, best])
        return Span(float(self.starts[place]), float(self.ends[place]), self.classes[best], score)

    def nearest(self, seconds: float) -> Span:
        """The window whose middle is nearest to a time."""
        middles = (self.starts + self.ends) / 2
        return self[int(np.abs(middles - seconds).argmin())]

    def segments(self) -> list[Span]:
        """Merge neighbouring windows with the same label into spans that do not overlap.

        Where the label changes, two spans meet halfway between the centres of their windows; a
        span's score is the mean of its windows.
        """
        middles = (self.starts + self.ends) / 2
        edges = [float(self.starts[0]), *((middles[1:] + middles[:-1]) / 2), float(self.ends[-1])]
        found, first = [], 0
        for label, members in groupby(self, key=lambda span: span.label):
            scores = [span.score for span in members]
            last = first + len(scores)
            mean = float(np.mean(scores))
            found.append(Span(float(edges[first]), float(edges[last]), label, mean))
            first = last
        return found

    def as_json(self, top_k: int = 5, threshold: float = 0.0) -> dict[str, Any]:
        """Plain values: segments, and windows with their best classes above a threshold."""
        windows = [
            {
                'start': round(span.start, 4),
                'end': round(span.end, 4),
                'top': [
                    _plain(one) for one in best_classes(scores, self.classes, top_k, threshold)
                ],
            }
            for span, scores in zip(self, self.scores, strict=True)
        ]
        segments = [
            {**_rounded(span), 'label': span.label, 'score': round(span.score, 6)}
            for span in self.segments()
        ]
        return {'video': self.video, 'segments': segments, 'windows': windows}

    def save_json(
        self, path: str | os.PathLike[str], top_k: int = 5, threshold: float = 0.0
    ) -> Path:
        """Write `as_json` to a file."""
        path = Path(path)
        write_text(path, json.dumps(self.as_json(top_k, threshold), indent=1) + '\n')
        return path

    def save_csv(self, path: str | os.PathLike[str]) -> Path:
        """Write a line ``start,end,label,score`` for each window."""
        path = Path(path)
        with replacing(path) as new, new.open('w', encoding='utf-8', newline='') as file:
            table = csv.writer(file)
            table.writerow(Span._fields)
            for span in self:
                row = (f'{span.start:.4f}', f'{span.end:.4f}', span.label, f'{span.score:.6f}')
                table.writerow(row)
        return path

    def _repr_html_(self) -> str:
        from mmvideomae.apis.display import timeline_html  # which imports this module

        return timeline_html(self)

    def __iter__(self) -> Iterator[Span]:
        return (self[place] for place in range(len(self)))


def best_classes(
    scores: np.ndarray, classes: Sequence[str], top_k: int, threshold: float = 0.0
) -> tuple[ClassScore, ...]:
    """The classes with the ``top_k`` highest scores (K,) from ``threshold`` on, best first."""
    order = np.argsort(-scores, kind='stable')[:top_k].tolist()
    return tuple(
        ClassScore(classes[index], float(scores[index]), index)
        for index in order
        if scores[index] >= threshold
    )


def _plain(one: ClassScore) -> dict[str, Any]:
    return {'label': one.label, 'score': round(one.score, 6), 'class_id': one.class_id}


def _rounded(span: Span) -> dict[str, float]:
    return {'start': round(span.start, 4), 'end': round(span.end, 4)}
