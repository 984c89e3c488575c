"""Turn your own boxes into checked rows in AVA's format: ids, seconds and relative boxes."""

import math
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from mmvideomae.formats.annotations import AnnotationError
from mmvideomae.formats.box_annotations import Box, BoxLabel, find_box_fault
from mmvideomae.preparation.boxes.sources import BoxSource, SourceRow
from mmvideomae.preparation.boxes.videos import Clock, SourceVideo


def make_rows(
    source: BoxSource,
    videos: Mapping[str, SourceVideo],
    classes: Mapping[int, str],
    start_second: float,
    rows: Iterable[SourceRow],
) -> list[BoxLabel]:
    """The checked rows of a list, in the order of the file.

    Args:
        videos: Videos keyed by their names in the rows.
        classes: Names keyed by id.
        start_second: Time of the first frame of every video.
        rows: Rows of the source, possibly wrapped to show progress.

    Raises:
        AnnotationError: A label, second or box is invalid; the message says where.
    """
    ids = {name: number for number, name in classes.items()}
    persons = _number_persons(source.rows)
    made = []
    for row in rows:
        video = videos[row.video]
        try:
            made.append(
                BoxLabel(
                    video.video_id,
                    _second(row, video, start_second),
                    _shares(row, video, source.pixels),
                    _label(row.label, ids),
                    persons.get((row.video, row.person)),
                )
            )
        except ValueError as error:
            raise AnnotationError(f'{row.where}: {error}') from None
    return made


def _label(label: str, ids: Mapping[str, int]) -> int:
    if label in ids:
        return ids[label]
    if label.isdecimal() and int(label) in ids.values():
        return int(label)
    raise ValueError(f'label {label!r} is none of the {len(ids)} classes')


def _number_persons(rows: Sequence[SourceRow]) -> dict[tuple[str, str], int]:
    """Numbers of the persons in each video: their own, or from 1 on if they have names."""
    persons: dict[str, list[str]] = {}
    for row in rows:
        known = persons.setdefault(row.video, [])
        if row.person not in ('', *known):
            known.append(row.person)
    return {
        (video, person): int(person) if all(p.isdecimal() for p in known) else number
        for video, known in persons.items()
        for number, person in enumerate(known, 1)
    }


def _second(row: SourceRow, video: SourceVideo, start_second: float) -> float:
    if row.second is not None:
        second, said = row.second, f'second {row.second:g}'
    elif row.frame is None:
        raise ValueError('it has neither a second nor a frame')
    else:
        second = start_second + _moment(row.frame - video.first, row.fps, video.clock)
        said = f'frame {row.frame} (second {second:g})'
    end = start_second + video.clock.duration
    if not start_second <= second < end:
        raise ValueError(
            f'{said} is outside the video {video.path}, which lasts from second '
            f'{start_second:g} to {end:.2f} (--start-second sets its start)'
        )
    return round(second, 3)


def _moment(frame: int, fps: float | None, clock: Clock) -> float:
    """The time of a frame in seconds from the first, also for a frame outside the video.

    Args:
        fps: Rate at which frames are counted.  If it is the video's average up to rounding (30
            for 29.97), frames are those of the video and have their times.
    """
    fps = fps or clock.fps
    own = math.isclose(fps, clock.fps, rel_tol=2e-3) and 0 <= frame < len(clock.times)
    return float(clock.times[frame]) if own else frame / fps


def _shares(row: SourceRow, video: SourceVideo, pixels: bool) -> Box:
    """The box relative to the frame; rounding may have moved pixels outside the frame."""
    box = np.array(row.box)
    if pixels:
        width, height = row.size or video.size
        if (box < -1).any() or (box > np.array([width, height] * 2) + 1).any():
            raise ValueError(
                f'box {",".join(f"{edge:g}" for edge in box)} is outside the frame of '
                f'{width:g}x{height:g} pixels'
            )
        box = (box / ([width, height] * 2)).clip(0, 1)
    fault = find_box_fault(box)
    if fault is not None:
        advice = ' (--pixels reads pixels)' if not pixels and (box > 1).any() else ''
        raise ValueError(f'{fault}{advice}')
    box = box.clip(0, 1).round(6)
    if box[0] == box[2] or box[1] == box[3]:
        raise ValueError(f'box {",".join(f"{edge:g}" for edge in row.box)} has no area')
    x1, y1, x2, y2 = box.tolist()
    return x1, y1, x2, y2
