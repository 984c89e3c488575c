"""Read the dumps of ``mmvideomae test --dump``."""

import os
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from mmvideomae.errors import UserError, one_line
from mmvideomae.storage import PickleError, read_pickle


class ResultsError(UserError, ValueError):
    """A file does not hold the class scores of a test set."""


@dataclass(frozen=True)
class Results:
    """Class scores of a test set, in its order.

    Attributes:
        scores: (N, K) float32; -inf for the class of a video that could not be decoded.
        labels: Classes, (N,) int64, -1 if unknown.
        files: Names of the N videos, or empty if the file has none.
    """

    scores: np.ndarray
    labels: np.ndarray
    files: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.labels)


def read_results(path: str | os.PathLike[str]) -> Results:
    """Read a dump.

    Raises:
        ResultsError: The file contains something other than class scores.
        OSError: It cannot be opened.
    """
    try:
        content = read_pickle(path)
    except PickleError as error:
        raise ResultsError(f'{path} is not a dump of mmvideomae test: {error}') from None
    if not isinstance(content, list) or not content:
        raise ResultsError(
            f'{path} is not a dump of mmvideomae test: it has no list of predictions'
        )
    try:
        scores = np.stack([_scores(sample) for sample in content])
        labels = np.array([_label(sample) for sample in content], np.int64)
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        what = f'no {error}' if isinstance(error, KeyError) else one_line(error)
        raise ResultsError(f'{path} has no classification scores: {what}') from None
    if scores.ndim != 2:
        raise ResultsError(f'{path}: scores must have one row per video, found {scores.shape}')
    for place, sample in enumerate(content):
        if labels[place] < 0 and sample.get('undecodable') and -labels[place] <= scores.shape[1]:
            labels[place] = -1 - labels[place]
            scores[place, labels[place]] = -np.inf  # zero frames always count as wrong
        elif not np.isfinite(scores[place]).all():
            name = sample.get('filename')
            name = repr(name) if isinstance(name, str) else f'number {place}'
            raise ResultsError(f'{path}: the scores of video {name} are not finite')
    files = tuple(
        sample['filename'] for sample in content if isinstance(sample.get('filename'), str)
    )
    return Results(scores, labels, files if len(files) == len(labels) else ())


def _scores(sample: Any) -> np.ndarray:
    """The scores of a sample, (K,) float32."""
    if not isinstance(sample, dict):
        raise TypeError(f'a prediction is a {type(sample).__name__}, not a dict')
    return _numbers(sample['pred_score'], 'pred_score').astype(np.float32)


def _label(sample: dict[str, Any]) -> int:
    """The class of a sample; -1 without one, ``-1 - class`` if it could not be decoded."""
    value = _numbers(sample.get('gt_label', -1), 'gt_label').reshape(-1)
    if value.size != 1:
        raise ValueError(f'a label must be one class, found {value.size} values')
    return int(value[0])


def _numbers(value: Any, name: str) -> np.ndarray:
    """Convert a tensor, an array, a number or a flat list of numbers to an array."""
    if isinstance(value, torch.Tensor):
        value = value.double().numpy() if value.is_floating_point() else value.numpy()
    elif isinstance(value, list | tuple):
        # Not nested: a small file may contain the same list a billion times.
        fine = all(isinstance(each, int | float | np.number) for each in value)
        value = np.array(value) if fine else None
    value = np.asarray(value)
    if value.dtype.kind not in 'biuf':
        raise ValueError(f'{name} does not consist of numbers')
    return value
