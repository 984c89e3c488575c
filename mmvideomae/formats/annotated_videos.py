"""Annotations of untrimmed videos, and their faults."""

import math
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import compress, zip_longest

import numpy as np

from mmvideomae.formats.text_files import AnnotationError
from mmvideomae.ops.segments import SAME_SECONDS, distinct

_FPS_SLACK = 0.01  # annotations may say 30 for 29.97
_DURATION_SLACK = (2.0, 0.05)  # seconds and share, since containers, players and decoders disagree


@dataclass
class AnnotatedVideo:
    """The annotation of one video.

    Attributes:
        video_id: Its name.
        where: File and line for errors.
        subset: Such as ``'training'``, in lower case; empty if not given.
        duration: In seconds, None if not given.
        fps: Frames per second, None if not given.
        segments: Start and end in seconds, one pair for each label.
        labels: Names of classes.
        lines: Lines of the file with the segments; empty if segments have no lines (JSON).
        repeated: Number of segments dropped because they repeat an earlier one.
        too_short: Number of segments dropped because they are shorter than 1 ms.
        outside: Number of segments dropped because they lie outside the video.
        cut: Number of segments cut off at its ends.
    """

    video_id: str
    where: str
    subset: str = ''
    duration: float | None = None
    fps: float | None = None
    segments: list[tuple[float, float]] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    repeated: int = 0
    too_short: int = 0
    outside: int = 0
    cut: int = 0

    def drop_repeats(self) -> None:
        """Drop segments that are repeated or shorter than 1 ms, and count them."""
        segments = np.array(self.segments, np.float64).reshape(-1, 2)
        kept = distinct(segments, self.labels)
        short = ~kept & (np.diff(segments)[:, 0] < SAME_SECONDS)
        self.too_short += int(short.sum())
        self.repeated += int((~kept & ~short).sum())
        self._keep(kept)

    def fit(self, duration: float) -> None:
        """Cut segments off at the ends of the video, drop those outside, and count both."""
        segments = np.array(self.segments, np.float64).reshape(-1, 2)
        inside = (segments[:, 0] < duration) & (segments[:, 1] > 0)
        ends = segments.clip(0, duration)
        self.outside += int((~inside).sum())
        self.cut += int((np.abs(ends - segments).max(1) > SAME_SECONDS)[inside].sum())
        self.segments = [(start, end) for start, end in ends.tolist()]
        self._keep(inside)
        self.drop_repeats()  # cutting may have made some equal or short

    def _keep(self, kept: np.ndarray) -> None:
        self.segments = list(compress(self.segments, kept))
        self.labels = list(compress(self.labels, kept))
        self.lines = list(compress(self.lines, kept))


def dropped_segments(videos: Iterable[AnnotatedVideo], path: str | os.PathLike[str]) -> str | None:
    """Say how many segments were dropped; None if there were none."""
    total, repeated, short, example = 0, 0, 0, ''
    for video in videos:
        gone = video.repeated + video.too_short
        total += len(video.segments) + gone
        repeated, short = repeated + video.repeated, short + video.too_short
        if gone and not example:
            example = video.video_id
    if not example:
        return None
    return (
        f'{os.fspath(path)}: of {total} segments {repeated} repeat another (same label, both ends '
        f'within 1 ms) and {short} are shorter than 1 ms: these are left out, first in video '
        f'{example!r}'
    )


def fitted_segments(videos: Iterable[AnnotatedVideo], path: str | os.PathLike[str]) -> str | None:
    """Say how many segments `AnnotatedVideo.fit` changed; None if it changed none."""
    videos = list(videos)
    changed = [video for video in videos if video.outside or video.cut]
    if not changed:
        return None
    outside = sum(video.outside for video in changed)
    total = outside + sum(len(video.segments) for video in videos)
    return (
        f'{os.fspath(path)}: of {total} segments {outside} lie outside their video and are left '
        f'out, and {sum(video.cut for video in changed)} are cut off at its ends, first in video '
        f'{changed[0].video_id!r}'
    )


def classes_of(videos: Iterable[AnnotatedVideo]) -> tuple[str, ...]:
    """All labels in alphabetical order, the order of the usual class numbers."""
    return tuple(sorted({label for video in videos for label in video.labels}))


def of_subsets(
    videos: Sequence[AnnotatedVideo], subsets: Sequence[str], path: str | os.PathLike[str]
) -> list[AnnotatedVideo]:
    """The videos of some subsets, ignoring case.

    Raises:
        AnnotationError: There are none; the message names the existing subsets.
    """
    wanted = {each.lower() for each in subsets}
    chosen = [video for video in videos if video.subset in wanted]
    if not chosen:
        known = ', '.join(sorted({repr(video.subset) for video in videos}))
        raise AnnotationError(
            f'{os.fspath(path)} has no videos of subset {" or ".join(sorted(wanted))}, only of '
            f'{known}'
        )
    return chosen


def rates_differ(one: float, other: float) -> bool:
    """Whether two numbers of frames per second cannot be those of the same video."""
    return not math.isclose(one, other, rel_tol=_FPS_SLACK)


def durations_differ(one: float, other: float) -> bool:
    """Whether two durations in seconds cannot be those of the same video."""
    least, share = _DURATION_SLACK
    return abs(one - other) > max(least, share * other)


def find_clock_fault(
    fps: float, duration: float, told_fps: float | None, told_duration: float | None
) -> str | None:
    """Say in what a video differs from its annotation; None if it does not.

    Args:
        fps, duration: Those of the video.
        told_fps, told_duration: Those of the annotation; None matches any.
    """
    if told_fps is not None and rates_differ(told_fps, fps):
        return f'{fps:g} fps, but the annotation says {told_fps:g}'
    if told_duration is not None and durations_differ(duration, told_duration):
        return f'{duration:.2f} s, but the annotation says {told_duration:.2f} s'
    return None


def find_segment_fault(
    video: AnnotatedVideo,
    classes: Sequence[str],
    duration: float,
    tolerance: float = 0.5,
    allow_empty: bool = False,
) -> str | None:
    """Say what is wrong with a video's annotation; None if nothing is.

    Args:
        video: The annotation.
        classes: Known names.
        duration: Duration of the video in seconds.
        tolerance: Seconds by which a segment may exceed the end of the video, since
            annotators' players and decoders round differently.
        allow_empty: Whether a video may have no segments.
    """
    if not video.segments and not allow_empty:
        short = f' but {video.too_short} shorter than 1 ms' if video.too_short else ''
        return f'it has no segments{short}; for videos of background only, set allow_empty=True'
    known = set(classes)
    for (start, end), label, line in zip_longest(video.segments, video.labels, video.lines):
        told = f'segment [{start:g}, {end:g}] {label!r}' + (f' in line {line}' if line else '')
        if not (math.isfinite(start) and math.isfinite(end)):
            return f'{told} is not a time in seconds'
        if end <= start:
            return f'{told} ends before it begins'
        if start < -tolerance or end <= 0:
            return f'{told} begins before the video'
        if start >= duration or end > duration + tolerance:
            return f'{told} lies beyond the video, which lasts {duration:.2f} s'
        if label not in known:
            some = ', '.join(map(repr, list(classes)[:5])) + (', ...' if len(classes) > 5 else '')
            return f'{told} has an unknown label; the {len(classes)} classes are {some}'
    return None
