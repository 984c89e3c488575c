"""One source of a data set: a list or a folder, and what its videos have in common."""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from mmengine.logging import MMLogger

from mmvideomae.errors import not_text
from mmvideomae.formats.annotations import AnnotationError, Entry, LineFormat, read_list
from mmvideomae.formats.shard_index import read_shard_index
from mmvideomae.formats.video_folders import is_video_name, search_videos, video_id_of
from mmvideomae.video.readers import FrameFolderReader, VideoReadError, join_place, open_reader

_FRAME_TEMPLATE = 'img_{:05}.jpg'  # VideoMAE V2's default for frame folders


@dataclass(frozen=True)
class VideoSource:
    """Where videos are listed and how they are read.

    Lists, folders and shards are local, or at any address that fsspec reaches
    (``s3://bucket/list.txt``); so may be what a list names.

    Attributes:
        ann_file: List file (`mmvideomae.formats.annotations`); None takes every video
            below ``folder``.
        folder: Folder of videos without a list, searched recursively.
        data_prefix: Joined before the relative paths of the list; without a list the
            same as ``folder``.  What is left out of a folder is logged.
        shards: Index of tar files (`mmvideomae.formats.shard_index`), which hold the videos of the
            list, or without a list are all taken.
        stride: Stride of the clips of this source; None: the pipeline's.
        filename_tmpl: Name of a frame file given its number.  With it, lines without a
            total name folders of frames too.  Where a line does not say the number of the first
            frame, it is the lowest in the folder.
        segment_frames: Cut videos into records of about this many frames.
        fps: Frames per second of frame folders.
        columns: Fields of a line, such as ``'path total label'``; None: by their number.
    """

    ann_file: str | None = None
    folder: str | None = None
    data_prefix: str = ''
    shards: str | None = None
    stride: int | None = None
    filename_tmpl: str | None = None
    segment_frames: int | None = None
    fps: float | None = None
    columns: str | Sequence[str] | None = None

    def __post_init__(self) -> None:
        for name in ('ann_file', 'folder', 'data_prefix', 'shards', 'filename_tmpl'):
            value = getattr(self, name)
            if not isinstance(value, str | os.PathLike | None):
                raise ValueError(not_text(name, value))
        if self.ann_file and self.folder:
            raise ValueError(
                f'a source has a list or a folder, got both: ann_file={self.ann_file!r}, '
                f'folder={self.folder!r}; with a list set folder=None, and data_prefix=FOLDER'
            )
        if self.shards and (self.folder or self.data_prefix):
            raise ValueError(
                f'a source has shards or a folder, got both: shards={self.shards!r}, '
                f'folder={self.folder or self.data_prefix!r}'
            )
        if not (self.ann_file or self.folder or self.data_prefix or self.shards):
            raise ValueError('a source needs ann_file=LIST, folder=FOLDER or shards=INDEX')
        for name in ('stride', 'segment_frames', 'fps'):
            value = getattr(self, name)
            if value is not None and value <= 0:
                raise ValueError(f'{name} of a source must be positive, got {value}')

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> 'VideoSource':
        """Build a source from the config of one, naming keys that do not exist."""
        known = [field.name for field in fields(cls)]
        unknown = sorted(set(config) - set(known))
        if unknown:
            raise ValueError(
                f'unknown keys of a source: {", ".join(unknown)}; known: {", ".join(known)}'
            )
        return cls(**config)

    def entries(
        self, labelled: bool, num_classes: int | None = None, multi_class: bool = False
    ) -> list[Entry]:
        """Read the list or search the folder.

        Args:
            labelled: Whether every line must have a label.
            num_classes: What labels must stay below; None: not checked.
            multi_class: Whether lines have several labels.

        Raises:
            AnnotationError: It is missing, empty or malformed, or a label is out of range.
        """
        places = read_shard_index(self.shards) if self.shards else {}
        if self.ann_file:
            lines = LineFormat.of(self.columns, labelled, num_classes, multi_class)
            listed = read_list(self.ann_file, lines)
            return self._in_shards(listed, places) if self.shards else listed
        root = self.shards or self.folder or self.data_prefix
        if labelled:
            raise AnnotationError(f'labelled=True needs a list with labels, and got only {root}')
        if self.shards:
            return [Entry(place) for place in places.values()]
        found = search_videos(root)
        if found.left_out:
            MMLogger.get_current_instance().warning(found.left_out)
        return [Entry(path) for path in found.videos]

    def _in_shards(self, listed: Sequence[Entry], places: Mapping[str, str]) -> list[Entry]:
        """The lines of a list with the places of their videos in tar files."""
        missing = [entry.path for entry in listed if entry.path not in places]
        if missing:
            raise AnnotationError(
                f'{self.ann_file}: {len(missing)} of {len(listed)} videos are in no shard of '
                f'{self.shards}, such as {missing[0]}'
            )
        return [entry._replace(path=places[entry.path]) for entry in listed]

    def segments(self, entry: Entry) -> Iterator[Entry]:
        """Cut one entry into records of ``segment_frames``; without it the entry itself.

        The number of segments is the nearest to ``total / segment_frames``, so that the
        last one is never shorter than half; it takes the frames that are left.  Where
        the list gives no total, or not the first frame of a folder, the video is opened
        here, once, when the data set is built.  One that cannot be opened stays one record:
        its failure is then met and counted like any other when it is read.
        """
        if self.segment_frames is None:
            yield entry
            return
        span = self._span(entry)
        if span is None:
            yield entry
            return
        first, total = span
        pieces = max(1, round(total / self.segment_frames))
        for piece in range(pieces):
            begin = piece * self.segment_frames
            length = total - begin if piece == pieces - 1 else self.segment_frames
            yield entry._replace(start=first + begin, total=length)

    def _span(self, entry: Entry) -> tuple[int, int] | None:
        """First frame and number of frames of an entry, None if it cannot be read."""
        folder = self.is_folder(entry)
        start = entry.start if folder else entry.start or 0
        total = entry.total if (entry.total or 0) > 0 else None
        if start is not None and total is not None:
            return start, total
        path = self.locate(entry.path)
        try:
            if folder:
                frames = FrameFolderReader(path, self.template, start, total)
                return frames.start, len(frames)
            with open_reader(path) as reader:
                return start or 0, max(1, len(reader) - (start or 0))
        except VideoReadError:
            return None

    def record(self, entry: Entry) -> dict[str, Any]:
        """What a pipeline gets of an entry; keys without a value are left out."""
        folder = self.is_folder(entry)
        optional = {
            'start_index': entry.start if folder else entry.start or 0,
            'stride': self.stride,
            'filename_tmpl': self.template if folder else None,
            'fps': self.fps if folder else None,
            'label': entry.label,
        }
        return {
            'filename': self.locate(entry.path),
            'video_id': video_id_of(entry.path),
            'total_frames': -1 if entry.total is None else entry.total,
            'modality': 'RGB',
            **{key: value for key, value in optional.items() if value is not None},
        }

    def is_folder(self, entry: Entry) -> bool:
        """Whether the entry names a folder of frames rather than a video file."""
        if is_video_name(entry.path) or (entry.total is not None and entry.total < 0):
            return False
        return entry.total is not None or self.filename_tmpl is not None

    @property
    def template(self) -> str:
        """Name of a frame file given its number."""
        return self.filename_tmpl or _FRAME_TEMPLATE

    def locate(self, path: str) -> str:
        """The path or address of a file that the source names."""
        return join_place(
            self.data_prefix or self.folder or os.path.dirname(self.shards or ''), path
        )
