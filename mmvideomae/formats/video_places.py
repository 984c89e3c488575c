"""Find the videos of a data set of boxes, and the second at which each begins."""

import math
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, fields
from functools import cached_property, lru_cache
from typing import Any

from mmvideomae.formats.annotations import AnnotationError
from mmvideomae.formats.box_annotations import KeyFrame, parse_number, read_box_rows
from mmvideomae.formats.video_folders import VIDEO_SUFFIXES, find_videos
from mmvideomae.storage.remote import (
    AddressError,
    files_below,
    is_address,
    is_there,
    join_place,
    without_query,
)

_NAMED = re.compile(r'(.+)_(\d{6})_(\d{6})')  # Kinetics: source, first and last second
_FRAME_TEMPLATE = 'img_{:05}.jpg'


@dataclass(frozen=True)
class VideoPlaces:
    """Finds the file or the folder of frames of each video.

    Without a table, this is ``folder/VIDEO`` with one of the suffixes, or with ``filename_tmpl``
    the folder of frames ``folder/VIDEO``.

    Attributes:
        folder: The folder of the videos, or its address, or that of the folders of frames.  Paths
            of a table are relative to it, or to the table's own folder if it is None.
        suffixes: Suffixes of video files in order of preference, ignoring case.  A web server
            that does not list its folder is asked for each, or for the first four unless they are
            given.
        filename_tmpl: Template of frame files with their number, and possibly the video, such as
            ``'{video}_{:06}.jpg'``; if given, videos are folders of frames.
        start_index: Number of the first frame file; None: the lowest in each folder.
        fps: Frames per second of folders of frames; video files have their own rate.
        start_second: Time of the first frame on the annotation's time line: 900 for AVA's
            usual cut, 0 for whole films.  ``'name'`` reads it from names such as
            ``VIDEO_000012_000022`` (Kinetics, AVA-Kinetics); for an annotation of ``VIDEO``,
            the clip that covers its second is then found, also in subfolders.
        unnamed_start: With ``'name'``, the start of videos whose names have none, as AVA's.
        table: CSV file with lines ``video,path,start_second[,fps]``, with or without that header.
            ``fps`` is that of a folder of frames, and is ignored for a video file.

    Raises:
        AnnotationError: The table is missing or malformed.
        ValueError: Settings contradict one another.
    """

    folder: str = ''
    suffixes: tuple[str, ...] = VIDEO_SUFFIXES
    filename_tmpl: str | None = None
    start_index: int | None = None
    fps: float | None = None
    start_second: float | str = 0.0
    unnamed_start: float = 900.0
    table: str | None = None

    def __post_init__(self) -> None:
        if not (self.folder or self.table):
            raise ValueError('videos need folder=FOLDER or table=FILE')
        if self.fps is not None and self.fps <= 0:
            raise ValueError(f'fps of videos must be positive, got {self.fps}')
        start = self.start_second
        if start != 'name' and (isinstance(start, str) or not math.isfinite(start)):
            raise ValueError(
                f"start_second must be a number of seconds or 'name', got {self.start_second!r}"
            )
        if self.filename_tmpl is not None and self.fps is None and self.table is None:
            raise ValueError('folders of frames need fps, the frames per second in them')
        if self.filename_tmpl is not None and is_address(self.folder):
            raise ValueError(
                f'folders of frames must be local, not at {without_query(self.folder)}: make '
                'videos of them'
            )

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> 'VideoPlaces':
        """Build it from a config, naming keys that do not exist."""
        known = [field.name for field in fields(cls)]
        unknown = sorted(set(config) - set(known))
        if unknown:
            raise ValueError(
                f'unknown keys of videos: {", ".join(unknown)}; known: {", ".join(known)}'
            )
        return cls(**{**config, 'suffixes': tuple(config.get('suffixes', cls.suffixes))})

    def find(self, video_id: str, second: float) -> dict[str, Any] | None:
        """The record of the video for a pipeline; None if the video does not exist.

        Returns:
            ``filename`` and ``start_second``; for a folder of frames also ``filename_tmpl``,
            ``fps`` and, if it is given, ``start_index``.
        """
        if self.table is not None:
            return self._listed[video_id][1] if video_id in self._listed else None
        path = self._path(video_id)
        if path is not None:
            return self._place(path, video_id, self._start(video_id))
        for first, last, name, path in self._clips.get(video_id, ()):
            if first <= second < last:
                return self._place(path, name, self._start(name))
        return None

    def find_all(
        self, moments: Iterable[KeyFrame]
    ) -> tuple[dict[KeyFrame, dict[str, Any]], dict[str, float]]:
        """`find` for many key frames, searching for each video once.

        Returns:
            Records keyed by key frame, and the first second of each missing video.
        """
        places: dict[KeyFrame, dict[str, Any]] = {}
        missing: dict[str, float] = {}
        known: dict[str, dict[str, Any] | None] = {}
        for video_id, second in moments:
            # Several clips may have the name of one source.
            if self.start_second == 'name' or video_id not in known:
                known[video_id] = self.find(video_id, second)
            place = known[video_id]
            if place is None:
                missing.setdefault(video_id, second)
            else:
                places[video_id, second] = place
        return places, missing

    def source_id(self, video_id: str) -> str:
        """``VIDEO`` for the clip ``VIDEO_000012_000022``, if names contain the start."""
        named = _NAMED.fullmatch(video_id) if self.start_second == 'name' else None
        return video_id if named is None else named.group(1)

    def wanted(self, video_id: str) -> str:
        """A description of the expected file, for messages."""
        if self.table is not None:
            known = self._listed.get(video_id)
            return f'a line of {self.table}' if known is None else f'{known[0]} ({self.table})'
        path = join_place(self.folder, video_id)
        if self.filename_tmpl is not None:
            return f'the folder {path}'
        clips = f' or {video_id}_START_END' if self.start_second == 'name' else ''
        suffix = 'the suffix of a video'
        if self.suffixes != VIDEO_SUFFIXES or _files_in(self.folder) is None:
            suffix = ' or '.join(self._asked)
        return f'{path} with {suffix}{clips}'

    def _path(self, video_id: str) -> str | None:
        path = os.path.join(self.folder, video_id)
        if self.filename_tmpl is not None:
            return path if os.path.isdir(path) else None
        folder, name = os.path.split(path)
        if is_address(self.folder):
            folder, name = self.folder, video_id
        files = _files_in(folder)
        if files is None:
            asked = (join_place(folder, f'{name}{suffix}') for suffix in self._asked)
            return next(filter(is_there, asked), None)
        ranked = [(suffix, each) for suffix in self.suffixes for each in files.get(name, ())]
        # There may be several with suffixes in upper and lower case.
        match = (each for suffix, each in ranked if each[len(name) :].lower() == suffix.lower())
        return next((join_place(folder, each) for each in match), None)

    @property
    def _asked(self) -> tuple[str, ...]:
        """The suffixes for which a server is asked that does not list its folder."""
        return self.suffixes if self.suffixes != VIDEO_SUFFIXES else VIDEO_SUFFIXES[:4]

    def is_video(self, path: str) -> bool:
        """Whether a file has one of the suffixes."""
        suffix = os.path.splitext(path)[1].lower()
        return suffix in {each.lower() for each in self.suffixes}

    def _start(self, video_id: str) -> float:
        if not isinstance(self.start_second, str):
            return float(self.start_second)
        named = _NAMED.fullmatch(video_id)
        return self.unnamed_start if named is None else float(named.group(2))

    def _place(
        self, path: str, name: str, start: float, fps: float | None = None
    ) -> dict[str, Any]:
        """The record of a file or of a folder of frames."""
        place: dict[str, Any] = {'filename': path, 'start_second': start}
        if os.path.isdir(path):
            template = self.filename_tmpl or _FRAME_TEMPLATE
            quoted = name.replace('{', '{{').replace('}', '}}')
            place.update(filename_tmpl=template.replace('{video}', quoted))
            place['fps'] = fps or self.fps
            if self.start_index is not None:
                place['start_index'] = self.start_index
        return place

    @cached_property
    def _clips(self) -> dict[str, list[tuple[float, float, str, str]]]:
        """(first second, last second, name, path) of clips, keyed by source and by clip."""
        clips: dict[str, list[tuple[float, float, str, str]]] = {}
        found: Iterable[str]
        if self.start_second != 'name':
            return clips
        if self.filename_tmpl is not None:
            found = (entry.name for entry in os.scandir(self.folder) if entry.is_dir())
        else:
            found = filter(self.is_video, find_videos(self.folder))
        for path in sorted(found):
            # AVA's ids are file names without the folders of `video_id_of`.
            name = os.path.splitext(os.path.basename(path))[0]
            named = _NAMED.fullmatch(name)
            if named is not None:
                span = float(named.group(2)), float(named.group(3))
                path = join_place(self.folder, path)
                clips.setdefault(named.group(1), []).append((*span, name, path))
                clips.setdefault(name, []).append((-math.inf, math.inf, name, path))
        return clips

    @cached_property
    def _listed(self) -> dict[str, tuple[str, dict[str, Any] | None]]:
        """Path and record of each video in the table; the record is None if it does not exist."""
        if self.table is None:
            return {}
        root = self.folder or os.path.dirname(without_query(self.table))
        listed: dict[str, tuple[str, dict[str, Any] | None]] = {}
        seen: dict[str, list[str]] = {}
        for number, row in read_box_rows(self.table, 'table of videos'):
            where = f'{self.table}:{number}'
            if len(row) not in (3, 4) or not row[0] or not row[1]:
                raise AnnotationError(f'{where}: expected video,path,start_second[,fps]: {row}')
            if seen.setdefault(row[0], row) != row:
                raise AnnotationError(f'{where}: video {row[0]!r} already has a line')
            path = join_place(root, row[1])
            start, fps = _numbers(row, where)
            if os.path.isdir(path) and fps is None and self.fps is None:
                raise AnnotationError(f'{where}: {path} is a folder of frames and needs its fps')
            there = is_there(path)
            listed[row[0]] = path, self._place(path, row[0], start, fps) if there else None
        return listed


def _files_in(folder: str) -> Mapping[str, Sequence[str]] | None:
    """Files in a folder keyed by name without suffix; empty if the folder does not exist.

    At an address, those in its subfolders too; None if its server does not list them.
    """
    if is_address(folder):
        return _list_there(folder)
    try:
        return _list_files(folder, os.stat(folder or '.').st_mtime_ns)
    except OSError:
        return {}


@lru_cache(maxsize=256)
def _list_files(folder: str, modified: int) -> Mapping[str, Sequence[str]]:
    """`_files_in`, cached until the folder is modified, since films have many key frames."""
    return _by_name(entry.name for entry in os.scandir(folder or '.') if entry.is_file())


@lru_cache(maxsize=256)
def _list_there(folder: str) -> Mapping[str, Sequence[str]] | None:
    with suppress(AddressError):  # some keys may only read
        return _by_name(files_below(folder)) or None  # many web servers list nothing
    return None


def _by_name(files: Iterable[str]) -> Mapping[str, Sequence[str]]:
    found: dict[str, list[str]] = {}
    for name in sorted(files):
        found.setdefault(os.path.splitext(name)[0], []).append(name)
    return found


def _numbers(row: Sequence[str], where: str) -> tuple[float, float | None]:
    """``start_second`` and ``fps`` from a line of a table; None if there is no ``fps``."""
    try:
        start = parse_number(row[2], 'start_second')
        fps = parse_number(row[3], 'fps') if len(row) == 4 and row[3] else None
    except ValueError as error:
        raise AnnotationError(f'{where}: {error}') from None
    if fps is not None and fps <= 0:
        raise AnnotationError(f'{where}: fps {row[3]!r} is not a positive number')
    return start, fps
