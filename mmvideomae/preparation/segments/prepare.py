"""Prepare your own file of segments for features, classifiers and detectors."""

import json
import os
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from mmvideomae.formats.annotated_videos import (
    AnnotatedVideo,
    classes_of,
    dropped_segments,
    find_segment_fault,
)
from mmvideomae.formats.annotations import AnnotationError
from mmvideomae.formats.list_lines import list_line, write_lines
from mmvideomae.formats.segment_annotations import read_segments
from mmvideomae.formats.video_folders import find_videos, video_id_of
from mmvideomae.ops.seconds import frames_at
from mmvideomae.video.readers import VideoReadError
from mmvideomae.video.streams import FileStream

TRAINING, VALIDATION = 'training', 'validation'
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
        frames: Number of frames.
        clips: First frame and number of frames of each segment.
    """

    annotation: AnnotatedVideo
    path: str
    frames: int
    clips: tuple[tuple[int, int], ...] = ()


@dataclass
class Prepared:
    """The checked content of the files.

    Attributes:
        videos: Videos that can be used.
        classes: Names in alphabetical order, which is the order of their numbers.
        left_out: What is wrong with the rest.
        dropped: A sentence about repeated and too short segments; None if there are none.
    """

    videos: list[FoundVideo]
    classes: tuple[str, ...]
    left_out: list[str]
    dropped: str | None = None

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
        }


def prepare_segments(
    annotation: str | os.PathLike[str],
    folder: str | os.PathLike[str],
    val_share: float = 0.2,
    seed: int = 0,
    skip: bool = False,
    watch: Watch = lambda videos: videos,
) -> Prepared:
    """Find the file of each video, check its segments, and give it a subset if it has none.

    Args:
        annotation: Any format of `mmvideomae.formats.segment_annotations`.  Videos are named by
            the paths of their files below ``folder``, with or without suffix.
        folder: Folder of the videos.
        val_share: Share of the videos without a subset to hold out.
        seed: Seed of the split.
        skip: Leave out videos with faults instead of raising an error.

    Raises:
        AnnotationError: Something is missing or wrong; the message names the videos and lines.
    """
    if not 0 <= val_share < 1:
        raise AnnotationError(f'the share of validation must lie in [0, 1), got {val_share}')
    told = read_segments(annotation)
    classes = classes_of(told)
    files = _by_name(find_videos(folder))
    videos, faults = [], []
    for video in watch(_merged(told, files)):
        try:
            found = _open(video, Path(folder), files, classes)
        except (AnnotationError, VideoReadError) as error:
            faults.append(str(error))
            continue
        videos.append(found)
    if faults and not skip:
        more = f' (and {len(faults) - _TOLD} more)' if len(faults) > _TOLD else ''
        raise AnnotationError(f'{"; ".join(faults[:_TOLD])}{more}')
    if not any(video.annotation.segments for video in videos):
        raise AnnotationError(f'{annotation}: no video with segments is left to use')
    # Classes of videos that were left out do not count.
    left = classes_of(video.annotation for video in videos)
    dropped = dropped_segments((video.annotation for video in videos), annotation)
    return Prepared(split_videos(videos, val_share, seed), left, faults, dropped)


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


def write_prepared(
    prepared: Prepared, out: str | os.PathLike[str], overwrite: bool = False
) -> list[Path]:
    """Write ``annotation.json``, ``classes.txt``, and a list of the segments for each subset.

    The JSON file has ActivityNet's format.  The lists, ``train.csv`` and ``val.csv`` with lines
    ``path start total label`` in frames, are clips for a classifier; a subset without segments
    has no list.

    Raises:
        AnnotationError: A file exists already.
    """
    out = Path(out)
    lists = {out / name: _clips(prepared, subset) for subset, name in LISTS.items()}
    texts = {out / 'classes.txt': list(prepared.classes)}
    texts.update({path: lines for path, lines in lists.items() if lines})
    layout = {
        'version': 'own',
        'database': {v.annotation.video_id: _entry(v) for v in prepared.videos},
    }
    texts[out / 'annotation.json'] = json.dumps(layout, indent=1).splitlines()
    if (there := [str(path) for path in texts if path.exists()]) and not overwrite:
        raise AnnotationError(f'{", ".join(there)} already there: --overwrite replaces them')
    for path, lines in texts.items():
        write_lines(path, lines)
    return list(texts)


def _by_name(paths: Sequence[str]) -> Mapping[str, str]:
    """Files keyed by their path, with and without suffix.

    Raises:
        AnnotationError: Two files differ only in their suffix, so their features would clash.
    """
    found: dict[str, str] = {}
    for path in paths:
        name = video_id_of(path)
        if name in found:
            raise AnnotationError(
                f'{found[name]} and {path} differ only in their suffix: rename one of them'
            )
        found[name] = path
    return {**found, **{path: path for path in paths}}


def _merged(videos: Sequence[AnnotatedVideo], files: Mapping[str, str]) -> list[AnnotatedVideo]:
    """One entry for each file, which lines may name with or without its suffix.

    Raises:
        AnnotationError: Two lines give different subsets.
    """
    merged: dict[str, AnnotatedVideo] = {}
    for video in videos:
        name = os.path.normpath(video.video_id)
        told = _SUBSETS.get(video.subset, video.subset)
        empty = AnnotatedVideo(video.video_id, video.where, told, video.duration, video.fps)
        one = merged.setdefault(files.get(name, name), empty)
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


def _open(
    video: AnnotatedVideo, folder: Path, files: Mapping[str, str], classes: Sequence[str]
) -> FoundVideo:
    path = files.get(os.path.normpath(video.video_id))
    if path is None:
        raise AnnotationError(f'{video.where}: there is no video {video.video_id!r} in {folder}')
    stream = FileStream(folder / path)
    with stream:
        times, duration, fps = stream.times, stream.duration, stream.fps
        if fps <= 0:
            raise VideoReadError(folder / path, 'its frame rate is not known')
    fault = find_segment_fault(video, classes, duration, allow_empty=True)
    if fault is not None:
        raise AnnotationError(f'{video.where}: video {video.video_id!r}: {fault}')
    name = video_id_of(path)
    annotated = replace(video, video_id=name, duration=duration, fps=fps)
    clips = tuple(_frames_between(times, duration, *segment) for segment in video.segments)
    return FoundVideo(annotated, path, len(times), clips)


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


def _entry(video: FoundVideo) -> dict[str, Any]:
    """The entry in ActivityNet's format."""
    told = video.annotation
    return {
        'subset': told.subset,
        'duration': round(told.duration or 0, 4),
        'fps': told.fps,
        'annotations': [
            {'segment': list(segment), 'label': label}
            for segment, label in zip(told.segments, told.labels, strict=True)
        ],
    }


def _clips(prepared: Prepared, subset: str) -> list[str]:
    """A line for each segment of a subset."""
    lines = []
    for video in prepared.videos:
        told = video.annotation
        if told.subset != subset:
            continue
        for (first, total), label in zip(video.clips, told.labels, strict=True):
            number = prepared.classes.index(label)
            lines.append(list_line(video.path, (first, total, number)))
    return lines
