"""Decode raw predictions at points into segments in steps."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from mmvideomae.models.localizers.point_labels import Points
from mmvideomae.ops.detections import Detections, Suppression


@dataclass(frozen=True)
class DecodeSettings(Suppression):
    """Settings for turning predictions into detections; the defaults are those for THUMOS14.

    Raises:
        ValueError: The method is unknown.
    """

    pre_nms_thresh: float = 0.001
    """Threshold that scores must exceed."""
    pre_nms_topk: int = 2000
    """Number of highest scores to keep, over all points and classes of a level."""
    duration_thresh: float = 0.05
    """Length in steps that segments must exceed."""


def candidates(
    logits: Sequence[Tensor],
    distances: Sequence[Tensor],
    masks: Sequence[Tensor],
    points: Points,
    settings: DecodeSettings,
) -> Detections:
    """The candidates of one sample, level by level.

    Args:
        logits: For each level, (L_l, K).
        distances: For each level, (L_l, 2), or (L_l, K, 2) if they depend on the class, in strides.
        masks: For each level, (L_l,) bool.
        points: Those of all levels.
    """
    sizes = [len(level) for level in logits]
    segments, scores, labels = [], [], []
    for logit, distance, mask, places, strides in zip(
        logits,
        distances,
        masks,
        points.places.split(sizes),
        points.strides.split(sizes),
        strict=True,
    ):
        flat = (logit.float().sigmoid() * mask[:, None]).flatten()
        kept = (flat > settings.pre_nms_thresh).nonzero()[:, 0]
        best = flat[kept].sort(descending=True, stable=True).indices[: settings.pre_nms_topk]
        chosen = kept[best]
        rows = torch.div(chosen, logit.shape[1], rounding_mode='floor')
        classes = chosen % logit.shape[1]
        reach = distance[rows] if distance.ndim == 2 else distance[rows, classes]
        reach = reach.float() * strides[rows, None]
        places = places[rows]
        found = torch.stack([places - reach[:, 0], places + reach[:, 1]], 1)
        longer = found[:, 1] - found[:, 0] > settings.duration_thresh
        segments.append(found[longer])
        scores.append(flat[chosen][longer])
        labels.append(classes[longer])
    found = (torch.cat(each).detach().cpu() for each in (segments, scores, labels))
    return Detections(*(each.numpy() for each in found))


@dataclass(frozen=True)
class ExternalScores:
    """Class scores of whole videos from another classifier, for class-agnostic detections."""

    scores: Mapping[str, np.ndarray]
    """(K,) in [0, 1], keyed by video."""
    top: int = 2
    """Number of a video's best classes to give its segments."""
    max_segments: int = 200

    @classmethod
    def read(cls, path: str | Path, top: int = 2, max_segments: int = 200) -> 'ExternalScores':
        """Read JSON ``{video: [score of class 0, ...]}``, possibly under ``results``.

        Raises:
            FileNotFoundError: The file does not exist.
            ValueError: Its content is something else.
        """
        path = Path(path)
        if not path.is_file():
            raise FileNotFoundError(f'external class scores not found: {path}')
        try:
            content: Any = json.loads(path.read_text(encoding='utf-8'))
            content = content.get('results', content)
            scores = {name: np.asarray(row, dtype=np.float64) for name, row in content.items()}
        except (ValueError, AttributeError, TypeError) as error:
            raise ValueError(f'{path}: expected JSON {{video: [scores]}}: {error}') from error
        lengths = {row.shape for row in scores.values()}
        if len(lengths) != 1 or len(next(iter(lengths))) != 1:
            raise ValueError(f'{path}: all videos need the same number of scores, got {lengths}')
        return cls(scores, top, max_segments)

    def apply(self, found: Detections, video: str) -> Detections:
        """Give every segment the video's best classes and sqrt(class score * its score).

        Raises:
            ValueError: There are no scores for the video.
        """
        if video not in self.scores:
            raise ValueError(
                f'video {video} has no external class scores ({len(self.scores)} videos have)'
            )
        row = self.scores[video]
        best = np.argsort(-row, kind='stable')[: self.top]
        fused = np.sqrt(row[best][:, None] * found.scores[None])
        count = len(found.scores)
        return Detections(
            np.tile(found.segments, (len(best), 1)),
            fused.flatten().astype(found.scores.dtype),
            np.repeat(best, count),
        ).best(self.max_segments)
