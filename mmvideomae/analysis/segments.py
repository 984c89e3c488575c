"""Propose the sizes of an ActionFormer from the lengths of videos and segments."""

import math
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mmvideomae.formats.annotated_videos import (
    AnnotatedVideo,
    classes_of,
    dropped_segments,
    find_segment_fault,
    of_subsets,
)
from mmvideomae.formats.annotations import AnnotationError
from mmvideomae.formats.feature_files import FeatureError, FeatureFormat, inspect_features
from mmvideomae.formats.segment_annotations import read_segments
from mmvideomae.ops.feature_grid import FeatureGrid

BASE_RANGE = 4
"""Upper end of the first level's regression range, in steps; it doubles at each level."""
_WINDOWS = (19, 9, 7, 5, 3)
_MOST_LEVELS = 8
_MOST_STEPS = 4608


@dataclass(frozen=True)
class SegmentStatistics:
    """Lengths of a data set, in steps of its features.

    Attributes:
        video_steps: Number of steps of each video's features, (v,).
        segment_steps: Length of each segment, (n,).
        shares: Length of each segment divided by that of its video, (n,).
        seconds_per_step: Seconds per step in each segment's video, (n,).
        classes: Names of the classes.
        faults: What is wrong with videos that were left out.
        dropped: A sentence about repeated and too short segments; None if there are none.
    """

    video_steps: np.ndarray
    segment_steps: np.ndarray
    shares: np.ndarray
    seconds_per_step: np.ndarray
    classes: tuple[str, ...]
    faults: tuple[str, ...]
    dropped: str | None = None


@dataclass(frozen=True)
class Proposal:
    """Sizes of a model, and their effect on the data.

    Attributes:
        max_seq_len: Number of steps of a training sample.
        regression_ranges: Range of each level, in steps.
        windows: Window of each level's attention, in steps of the level; -1 is global.
        segments_by_level: Number of segments whose half length is in each level's range.
        longer_videos: Share of videos longer than ``max_seq_len``.
        short_segments: Share of segments shorter than two steps.
        notes: Advice in words.
    """

    max_seq_len: int
    regression_ranges: tuple[tuple[int, int], ...]
    windows: tuple[int, ...]
    segments_by_level: tuple[int, ...]
    longer_videos: float
    short_segments: float
    notes: tuple[str, ...]

    def config(self, classes: int) -> str:
        """The proposal as lines of a config with the base ``_base_/models/actionformer.py``."""
        levels = len(self.windows)
        return '\n'.join(
            [
                'model = dict(',
                f'    data_preprocessor=dict(max_seq_len={self.max_seq_len}),',
                f'    backbone=dict(arch=(2, 2, {levels - 1}), windows={self.windows}, '
                f'max_seq_len={self.max_seq_len}),',
                f'    neck=dict(num_levels={levels}),',
                f'    cls_head=dict(num_classes={classes}),',
                f'    reg_head=dict(num_levels={levels}),',
                f'    regression_ranges={self.regression_ranges},',
                ')',
                f"# and in the pipeline: dict(type='CropFeatures', max_seq_len={self.max_seq_len})",
            ]
        )


def measure_segments(
    annotations: str | os.PathLike[str],
    features: str | os.PathLike[str] | None = None,
    expected: FeatureFormat | None = None,
    subsets: Sequence[str] | None = None,
    feature_name: str = '{}.npy',
) -> SegmentStatistics:
    """Read the lengths of a data set; videos with faults are left out and reported.

    Args:
        annotations: See `mmvideomae.formats.segment_annotations`.
        features: Folder of feature files; None: lengths are computed from ``expected`` and the
            durations in the annotation.
        expected: Stride, window and frame rate of features without a sidecar.
        subsets: Subsets of the annotation; None uses all.
        feature_name: Template of a feature file's name, given the name of a video.

    Raises:
        AnnotationError: The annotation cannot be read, or no video can be used.
    """
    videos = read_segments(annotations)
    classes = classes_of(videos)
    if subsets:
        videos = of_subsets(videos, subsets, annotations)
    expected = expected or FeatureFormat()
    rows, faults = [], []
    for video in videos:
        try:
            grid, steps, duration = _measure(video, features, expected, feature_name)
            fault = find_segment_fault(video, classes, duration, allow_empty=True)
            if fault is not None:
                raise AnnotationError(f'{video.where}: video {video.video_id!r}: {fault}')
        except (AnnotationError, FeatureError) as error:
            faults.append(str(error))
            continue
        rows.append((grid, steps, duration, np.array(video.segments).reshape(-1, 2)))
    if not rows or not sum(len(row[3]) for row in rows):
        told = f': {faults[0]}' if faults else ''
        raise AnnotationError(f'{annotations}: no video with segments can be used{told}')
    lengths = [row[3][:, 1] - row[3][:, 0] for row in rows]
    rates = [np.full(len(row[3]), row[0].stride / row[0].fps) for row in rows]
    seconds, per_step = np.concatenate(lengths), np.concatenate(rates)
    shares = [each / row[2] for each, row in zip(lengths, rows, strict=True)]
    return SegmentStatistics(
        np.array([row[1] for row in rows]),
        seconds / per_step,
        np.concatenate(shares),
        per_step,
        classes,
        tuple(faults),
        dropped_segments(videos, annotations),
    )


def propose(statistics: SegmentStatistics) -> Proposal:
    """Sizes for a data set, by the rules behind ActionFormer's own sizes for THUMOS14.

    - Ranges start at 4 steps and double; levels are added until the half length of 99 % of
      segments is less than twice the start of the last range.
    - Windows have 19 steps, or fewer if the padding that they require (twice ``window // 2``
      steps of the last level) would exceed a quarter of a usual video; they are global at
      levels that a window covers completely.
    - The sequence is as long as 95 % of videos, rounded up to a length that the windows allow,
      and at most 4608 steps: longer videos are cropped in training and tested as a whole.
    """
    half = statistics.segment_steps / 2
    usual = float(np.quantile(statistics.video_steps, 0.95))
    levels = 1 + max(1, math.ceil(math.log2(max(np.quantile(half, 0.99), 1) / BASE_RANGE)))
    # A level with fewer than two steps per video is useless.
    levels = max(2, min(levels, _MOST_LEVELS, int(math.log2(max(usual, 4)))))
    bounds = [0, *(BASE_RANGE * 2**level for level in range(levels - 1)), 10000]
    ranges = tuple((bounds[level], bounds[level + 1]) for level in range(levels))
    wanted = min(usual, _MOST_STEPS)
    last = 2 ** (levels - 1)
    window = next((w for w in _WINDOWS if last * (w // 2) * 2 <= wanted / 4), _WINDOWS[-1])
    windows = tuple(-1 if wanted / 2**level <= window else window for level in range(levels))
    divisor = math.lcm(
        *(2**level * ((w // 2) * 2 if w > 1 else 1) for level, w in enumerate(windows))
    )
    max_seq_len = divisor * math.ceil(wanted / divisor)
    counts = np.histogram(half, [*bounds[:-1], np.inf])[0]
    return Proposal(
        max_seq_len,
        ranges,
        windows,
        tuple(int(count) for count in counts),
        float((statistics.video_steps > max_seq_len).mean()),
        float((statistics.segment_steps < 2).mean()),
        _notes(statistics, max_seq_len),
    )


def summary_of(statistics: SegmentStatistics, proposal: Proposal) -> dict[str, Any]:
    """Everything as plain numbers."""
    quantiles = (0.05, 0.25, 0.5, 0.75, 0.95, 1.0)
    return {
        'videos': len(statistics.video_steps),
        'segments': len(statistics.segment_steps),
        'classes': len(statistics.classes),
        'left_out': list(statistics.faults),
        'dropped': statistics.dropped,
        'segment_steps': _quantiles(statistics.segment_steps, quantiles),
        'segment_seconds': _quantiles(
            statistics.segment_steps * statistics.seconds_per_step, quantiles
        ),
        'video_steps': _quantiles(statistics.video_steps, quantiles),
        'max_seq_len': proposal.max_seq_len,
        'regression_ranges': [list(each) for each in proposal.regression_ranges],
        'windows': list(proposal.windows),
        'segments_by_level': list(proposal.segments_by_level),
        'longer_videos': round(proposal.longer_videos, 4),
        'short_segments': round(proposal.short_segments, 4),
        'notes': list(proposal.notes),
    }


def _measure(
    video: AnnotatedVideo,
    features: str | os.PathLike[str] | None,
    expected: FeatureFormat,
    feature_name: str,
) -> tuple[FeatureGrid, int, float]:
    """Grid, number of steps and duration in seconds of a video."""
    if features is not None:
        path = Path(features) / feature_name.format(video.video_id)
        file = inspect_features(video.video_id, path, expected, video.duration, video.fps)
        return file.grid, file.steps, video.duration or file.duration
    fps = expected.fps or video.fps
    if fps is None or video.duration is None:
        missing = 'fps' if fps is None else 'duration'
        raise AnnotationError(
            f'{video.where}: video {video.video_id!r} has no {missing}: give the folder of features'
        )
    if isinstance(expected.stride, str) or not expected.stride or not expected.window:
        raise AnnotationError('give the folder of features, or their stride and window')
    grid = FeatureGrid(fps, expected.stride, expected.window, expected.interval or 1)
    return grid, grid.num_steps(max(1, round(video.duration * fps))), video.duration


def _notes(statistics: SegmentStatistics, max_seq_len: int) -> tuple[str, ...]:
    notes = []
    low = float(np.quantile(statistics.segment_steps, 0.05))
    if low < 2:
        notes.append(
            f'5 % of the segments are shorter than {low:.1f} steps: extract features with a '
            f'stride {math.ceil(2 / max(low, 0.01))} times smaller to find them'
        )
    if np.median(statistics.shares) > 0.25:
        notes.append(
            f'a segment fills {100 * np.median(statistics.shares):.0f} % of its video (median): '
            'consider stretching all videos to one length, as for ActivityNet '
            "(dict(type='ResampleFeatures', length=192) and _base_/models/actionformer_agnostic.py)"
        )
    if (longer := (statistics.video_steps > max_seq_len).mean()) > 0:
        notes.append(
            f'{100 * longer:.1f} % of the videos are longer than {max_seq_len} steps: they are '
            'cropped in training and tested as a whole'
        )
    return tuple(notes)


def _quantiles(values: np.ndarray, shares: Sequence[float]) -> dict[str, float]:
    found = np.quantile(values, shares)
    return {f'{100 * share:g}%': round(float(v), 3) for share, v in zip(shares, found, strict=True)}
