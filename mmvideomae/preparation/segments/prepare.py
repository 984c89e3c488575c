"""Prepare segments, your own or published ones, for features, classifiers and detectors."""

import os
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from mmvideomae.errors import same_letters
from mmvideomae.formats.annotated_videos import (
    AnnotatedVideo,
    classes_of,
    dropped_segments,
    durations_differ,
    find_segment_fault,
    fitted_segments,
)
from mmvideomae.formats.annotations import AnnotationError
from mmvideomae.formats.published_segments import TRAINING, VALIDATION, read_published
from mmvideomae.formats.segment_annotations import read_segments
from mmvideomae.ops.seconds import frames_at
from mmvideomae.preparation.segments.media import Media
from mmvideomae.video.readers import VideoReadError

LISTS = {TRAINING: 'train.csv', VALIDATION: 'val.csv'}
_SUBSETS = {'train': TRAINING, 'val': VALIDATION}
_TOLD = 5

Watch = Callable[[Sequence[AnnotatedVideo]], Iterable[AnnotatedVideo]]
"""Wraps the videos to show the progress."""


@dataclass(frozen=True)
class FoundVideo:
    """A video of the annotation whose file has been opened.

    Attributes:
        annotation: The annotation with subset, duration and fps of the file, and the name without
            suffix.
        path: Path of the file, relative to the folder of videos.
        clips: First frame and number of frames of each segment; empty for features.
    """

    annotation: AnnotatedVideo
    path: str
    clips: tuple[tuple[int, int], ...] = ()


@dataclass
class Prepared:
    """The checked content of the files.

    Attributes:
        videos: Videos that can be used.
        classes: Names in the order of their numbers.
        left_out: What is wrong with the rest.
        dropped: A sentence about repeated and too short segments; None if there are none.
        fitted: A sentence about segments outside their video; None if there are none.
        kind: Of the files, see `Media`.
    """

    videos: list[FoundVideo]
    classes: tuple[str, ...]
    left_out: list[str]
    dropped: str | None = None
    fitted: str | None = None
    kind: str = 'video'

    def summary(self) -> dict[str, Any]:
        """Plain numbers."""
        subsets = Counter(video.annotation.subset for video in self.videos)
        return {
            'videos': len(self.videos),
            'segments': sum(len(video.annotation.segments) for video in self.videos),
            'classes': list(self.classes),
            **{name: subsets[name] for name in LISTS},
            'other': {name: count for name, count in subsets.items() if name not in LISTS},
            'left_out': self.left_out,
            'dropped': self.dropped,
            'fitted': self.fitted,
            'kind': self.kind,
        }


def prepare_segments(
    annotation: str | os.PathLike[str],
    folder: str | os.PathLike[str],
    val_share: float = 0.2,
    seed: int = 0,
    skip: bool = False,
    watch: Watch = lambda videos: videos,
    layout: str | None = None,
    template: str = '{}',
    clock: str | os.PathLike[str] | None = None,
) -> Prepared:
    """Find the file of each video, check its segments, and give it a subset if it has none.

    Segments of a published data set that reach outside their video are cut off or left out, and
    counted; those of your own are faults.

    Args:
        annotation: Any format of `mmvideomae.formats.segment_annotations`, or the published files
            of ``layout``.
        folder: Folder of the videos, or of features made from them.  Videos are named by the paths
            of their files below it, with or without suffix.
        val_share: Share of the videos without a subset to hold out.
        seed: Seed of the split.
        skip: Leave out videos with faults instead of raising an error.
        layout: See `read_published`; None: the annotation is your own.
        template: Name of a file, given that of its video.
        clock: Another annotation with durations and frame rates of the videos.

    Raises:
        AnnotationError: Something is missing or wrong; the message names the videos and lines.
    """
    if not 0 <= val_share < 1:
        raise AnnotationError(f'the share of validation must lie in [0, 1), got {val_share}')
    left_out: list[str] = []
    if layout is None:
        told = read_segments(annotation)
        classes = classes_of(told)
    else:
        published = read_published(annotation, layout)
        told, classes, left_out = published.videos, published.classes, published.left_out
    if clock is not None:
        _set_clock(told, clock)
    media = Media.below(folder, template, anywhere=layout is not None)
    videos: list[FoundVideo] = []
    faults: list[str] = []
    for video in watch(_merged(told, media)):
        found = _open_or_fault(video, media, classes, fit=layout is not None)
        if isinstance(found, str):
            faults.append(found)
        else:
            videos.append(found)
    if faults and not skip:
        more = f' (and {len(faults) - _TOLD} more)' if len(faults) > _TOLD else ''
        raise AnnotationError(f'{"; ".join(faults[:_TOLD])}{more}')
    kept = [video.annotation for video in videos]
    if not any(video.segments for video in kept):
        raise AnnotationError(f'{annotation}: no video with segments is left to use')
    return Prepared(
        split_videos(videos, val_share, seed),
        # Classes of your own videos that were left out do not count.
        classes_of(kept) if layout is None else classes,
        left_out + faults,
        dropped_segments(kept, annotation),
        fitted_segments(kept, annotation),
        media.kind,
    )


def split_videos(videos: Sequence[FoundVideo], val_share: float, seed: int) -> list[FoundVideo]:
    """Hold out a random share of the videos without a subset.

    A video stays in training if one of its classes would otherwise have no training video.
    """
    free = [number for number, video in enumerate(videos) if not video.annotation.subset]
    wanted = max(1, round(val_share * len(free))) if val_share and len(free) > 1 else 0
    counts = Counter(
        label
        for video in videos
        if video.annotation.subset in ('', TRAINING)
        for label in set(video.annotation.labels)
    )
    held: set[int] = set()
    for number in np.random.default_rng(seed).permutation(free).tolist():
        labels = set(videos[number].annotation.labels)
        if len(held) < wanted and all(counts[label] > 1 for label in labels):
            held.add(number)
            counts.subtract(labels)
    subset = {number: VALIDATION if number in held else TRAINING for number in free}
    return [
        replace(video, annotation=replace(video.annotation, subset=subset[number]))
        if number in subset
        else video
        for number, video in enumerate(videos)
    ]


def _set_clock(videos: Sequence[AnnotatedVideo], clock: str | os.PathLike[str]) -> None:
    """Give videos the duration and frame rate that another annotation has for them."""
    known = {video.video_id: video for video in read_segments(clock)}
    for video in videos:
        if (other := known.get(video.video_id)) is not None:
            video.duration = video.duration or other.duration
            video.fps = video.fps or other.fps


def _merged(videos: Sequence[AnnotatedVideo], media: Media) -> list[AnnotatedVideo]:
    """One entry for each file, which lines may name with or without its suffix.

    Raises:
        AnnotationError: Two lines give different subsets.
    """
    merged: dict[str, AnnotatedVideo] = {}
    for video in videos:
        name = media.file_of(video.video_id) or os.path.normpath(video.video_id)
        told = _SUBSETS.get(video.subset, video.subset)
        empty = AnnotatedVideo(video.video_id, video.where, told, video.duration, video.fps)
        one = merged.setdefault(name, empty)
        if told and one.subset not in ('', told):
            raise AnnotationError(
                f'{video.where}: video {video.video_id!r} is {told}, and {one.subset} elsewhere'
            )
        one.subset = told or one.subset
        one.segments += video.segments
        one.labels += video.labels
        one.lines += video.lines
        one.repeated += video.repeated
        one.too_short += video.too_short
    for video in merged.values():
        video.drop_repeats()  # a file may be named with and without its suffix
    return list(merged.values())


def _open_or_fault(
    video: AnnotatedVideo, media: Media, classes: Sequence[str], fit: bool
) -> FoundVideo | str:
    try:
        return _open(video, media, classes, fit)
    except (AnnotationError, VideoReadError) as error:
        return str(error)


def _open(video: AnnotatedVideo, media: Media, classes: Sequence[str], fit: bool) -> FoundVideo:
    """The video of a file.

    Args:
        fit: Cut segments off at the ends of the video, see `AnnotatedVideo.fit`.

    Raises:
        AnnotationError: The file is missing, or differs from the annotation.
        VideoReadError: It cannot be read.
    """
    where = f'{video.where}: video {video.video_id!r}'
    path = media.file_of(video.video_id)
    if path is None:
        what = 'are no features of' if media.kind == 'features' else 'is no'
        raise AnnotationError(
            f'{video.where}: there {what} video {video.video_id!r} in {media.folder}'
            f'{same_letters(video.video_id, media.files)}'
        )
    opened = media.open(path)
    duration = opened.duration or video.duration
    if duration is None:
        raise AnnotationError(
            f'{where}: neither the features nor the annotation have its duration: name an '
            'annotation that has it (--clock)'
        )
    if video.duration is not None and durations_differ(duration, video.duration):
        raise AnnotationError(
            f'{where}: {path} lasts {duration:.2f} s, but the annotation says '
            f'{video.duration:.2f} s: give the video that was annotated, or correct the annotation'
        )
    if fit:
        video.fit(duration)
    if fault := find_segment_fault(video, classes, duration, allow_empty=True):
        raise AnnotationError(f'{where}: {fault}')
    annotated = replace(
        video,
        video_id=media.name_of(video.video_id, path),
        duration=duration,
        fps=opened.fps or video.fps,
    )
    if (times := opened.times) is None:
        return FoundVideo(annotated, path)
    clips = tuple(_frames_between(times, duration, *segment) for segment in video.segments)
    return FoundVideo(annotated, path, clips)


def _frames_between(
    times: np.ndarray, duration: float, start: float, end: float
) -> tuple[int, int]:
    """First frame and number of frames of a segment; adjacent segments share no frame.

    Args:
        times, duration: Those of the video, see `VideoReader`.
    """
    # The end of the video is the time at which a next frame would appear.
    first, stop = frames_at(np.append(times, duration), np.array([start, end])).tolist()
    first = min(first, len(times) - 1)
    return first, max(stop - first, 1)
