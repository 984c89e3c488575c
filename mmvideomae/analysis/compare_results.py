"""Compare two classifiers on one test set: which is better, how surely, and for which classes."""

import csv
import math
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import binomtest

from mmvideomae.formats.annotations import LineFormat, read_list
from mmvideomae.formats.result_files import Results

_COLUMNS = (
    *('class_id', 'class', 'clips', 'accuracy_a', 'accuracy_b', 'gain'),
    *('mistaken_for_a', 'mistaken_for_b'),
)


@dataclass(frozen=True)
class Accuracies:
    """Accuracies of one classifier in [0, 1]; the mean is over classes with clips."""

    top1: float
    top5: float
    mean_class: float


@dataclass(frozen=True)
class ClassChange:
    """Shares of one class's clips that two classifiers get right, in [0, 1]."""

    class_id: int
    name: str
    clips: int
    first: float
    second: float

    @property
    def gain(self) -> float:
        """The second share minus the first."""
        return self.second - self.first


@dataclass(frozen=True)
class Comparison:
    """Two classifiers on the same clips.

    Attributes:
        clips: N.
        first, second: Their accuracies.
        only_first, only_second: Numbers of clips that only one of them gets right.
        p_value: That of McNemar's exact test: the probability of such an uneven division of
            these clips, or a more uneven one, for equally good classifiers.
        interval: 95 % interval of the gain in top-1 accuracy of the second over the first, which
            takes into account that both saw the same clips.
        classes: Classes with clips, the largest gain first.
        confusions: For both, the share of the clips of a class (row) predicted as another
            (column), (2, K, K); a row without clips is 0.
        names: Names of all K classes.
    """

    clips: int
    first: Accuracies
    second: Accuracies
    only_first: int
    only_second: int
    p_value: float
    interval: tuple[float, float]
    classes: tuple[ClassChange, ...]
    confusions: np.ndarray
    names: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """Plain values, without classes and confusions."""
        return {
            'clips': self.clips,
            'first': vars(self.first),
            'second': vars(self.second),
            'gain': self.second.top1 - self.first.top1,
            'interval': list(self.interval),
            'only_first': self.only_first,
            'only_second': self.only_second,
            'p_value': self.p_value,
        }

    def save_csv(self, path: str | os.PathLike[str]) -> Path:
        """Write a line for each class, the largest gain first.

        The last columns name the class with which its clips are most often confused.
        """
        path = Path(path)
        with path.open('w', encoding='utf-8', newline='') as file:
            table = csv.writer(file)
            table.writerow(_COLUMNS)
            for one in self.classes:
                shares = [f'{value:.6f}' for value in (one.first, one.second, one.gain)]
                mistakes = [
                    self._mistake(row[one.class_id], one.class_id) for row in self.confusions
                ]
                table.writerow([one.class_id, one.name, one.clips, *shares, *mistakes])
        return path

    def _mistake(self, shares: np.ndarray, class_id: int) -> str:
        """The wrong class that is most often predicted for the clips of a class, if any."""
        wrong = shares.copy()
        wrong[class_id] = 0
        return self.names[int(wrong.argmax())] if wrong.any() else ''


def compare_results(first: Results, second: Results, names: Sequence[str] = ()) -> Comparison:
    """Compare two classifiers.

    A clip that could not be read, which the test counted as wrong, is wrong here too.  A clip
    without a label in both is wrong and belongs to no class.

    Args:
        names: Names of the classes; numbers if there are none.

    Raises:
        ValueError: The results are not of the same clips and classes.
    """
    labels = _same_clips(first, second)
    num_classes = first.scores.shape[1]
    if names and len(names) != num_classes:
        raise ValueError(f'there are {len(names)} class names, but {num_classes} classes')
    names = names or [f'class {number}' for number in range(num_classes)]
    if labels.max() >= num_classes:
        raise ValueError(f'there is a label {labels.max()}, but results have {num_classes} classes')
    confusions = np.stack([confusion(one.scores, labels) for one in (first, second)])
    clips = np.bincount(labels[labels >= 0], minlength=num_classes)
    right = [one.scores.argmax(1) == labels for one in (first, second)]
    only_first = int((right[0] & ~right[1]).sum())
    only_second = int((right[1] & ~right[0]).sum())
    shares = confusions.diagonal(axis1=1, axis2=2)
    changes = [
        ClassChange(number, names[number], int(clips[number]), *shares[:, number].tolist())
        for number in np.flatnonzero(clips).tolist()
    ]
    accuracies = [
        Accuracies(top_k(one.scores, labels, 1), top_k(one.scores, labels, 5), float(mean))
        for one, mean in zip((first, second), shares[:, clips > 0].mean(1), strict=True)
    ]
    return Comparison(
        len(labels),
        accuracies[0],
        accuracies[1],
        only_first,
        only_second,
        mcnemar(only_first, only_second),
        paired_interval(only_first, only_second, len(labels)),
        tuple(sorted(changes, key=lambda one: (-one.gain, one.class_id))),
        confusions,
        tuple(names),
    )


def with_labels(results: Results, annotations: str | os.PathLike[str]) -> Results:
    """Results with the labels of the test set's list.

    Raises:
        ValueError: The list has another length, or contradicts labels of the results.
    """
    listed = [entry.label for entry in read_list(annotations, LineFormat.of(None, labelled=True))]
    if len(listed) != len(results):
        raise ValueError(f'{annotations} lists {len(listed)} videos, not {len(results)} as results')
    labels = np.array(listed, np.int64)
    (wrong,) = np.nonzero((results.labels >= 0) & (results.labels != labels))
    if wrong.size:
        place = int(wrong[0])
        raise ValueError(
            f'{annotations} gives video {place + 1} the label {labels[place]}, but the results '
            f'{results.labels[place]}: it is the list of another test set'
        )
    return Results(results.scores, labels, results.files)


def top_k(scores: np.ndarray, labels: np.ndarray, k: int) -> float:
    """Share of rows (N, K) whose label is among the k best; among equal scores, the first wins.

    In mmaction2's ``top_k_accuracy`` the last one wins, which differs from the predicted class.
    """
    best = np.argsort(-scores, axis=1, kind='stable')[:, :k]
    return float((best == labels[:, None]).any(1).mean())


def confusion(scores: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Shares of the clips of each class (row) by predicted class (column), (K, K).

    mmaction2's ``confusion_matrix`` omits rows and columns of classes that do not occur.
    """
    counts = confusion_counts(scores, labels)
    return counts / np.maximum(counts.sum(1, keepdims=True), 1)


def confusion_counts(scores: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Numbers of clips of each class (row) by predicted class (column), (K, K) int64."""
    known, size = labels >= 0, scores.shape[1]
    places = labels[known] * size + scores[known].argmax(1)
    return np.bincount(places, minlength=size * size).reshape(size, size)


def mcnemar(only_first: int, only_second: int) -> float:
    """Two-sided p-value of McNemar's exact test for clips that only one gets right."""
    number = only_first + only_second
    return float(binomtest(only_first, number).pvalue) if number else 1.0


def paired_interval(only_first: int, only_second: int, clips: int) -> tuple[float, float]:
    """95 % interval of the difference of two shares of the same clips."""
    gain = (only_second - only_first) / clips
    spread = only_first + only_second - (only_second - only_first) ** 2 / clips
    error = 1.96 * math.sqrt(max(spread, 0.0)) / clips
    return gain - error, gain + error


def _same_clips(first: Results, second: Results) -> np.ndarray:
    """Labels (N,), each from whichever results have it."""
    if first.scores.shape != second.scores.shape:
        sizes = [f'{len(one)} videos and {one.scores.shape[1]} classes' for one in (first, second)]
        raise ValueError(f'not the same test set: {sizes[0]} against {sizes[1]}')
    for place, (one, other) in enumerate(zip(first.files, second.files, strict=False), 1):
        if os.path.basename(one) != os.path.basename(other):
            raise ValueError(f'not the same test set: video {place} is {one} and {other}')
    both = (first.labels >= 0) & (second.labels >= 0)
    (wrong,) = np.nonzero(both & (first.labels != second.labels))
    if wrong.size:
        place = int(wrong[0])
        pair = f'{first.labels[place]} and {second.labels[place]}'
        raise ValueError(f'not the same test set: video {place + 1} has labels {pair}')
    labels = np.where(first.labels >= 0, first.labels, second.labels)
    if (labels < 0).all():
        raise ValueError(
            'the results have no labels: give the list of the test set (--annotations)'
        )
    return labels
