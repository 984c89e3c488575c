"""Read a little or all of every video of a data set, and separate good from bad ones."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from mmvideomae.formats.annotations import AnnotationError, Entry, LineFormat, read_entries
from mmvideomae.formats.list_lines import can_be_listed, list_line, write_lines
from mmvideomae.formats.video_folders import find_videos
from mmvideomae.jobs.workers import Engine
from mmvideomae.video.readers import FrameFolderReader, VideoReader, VideoReadError, open_reader

_CHUNK = 64  # number of frames in memory at a time


@dataclass(frozen=True)
class ScanSettings:
    """How each video is read.

    Attributes:
        data_prefix: Folder to put before the paths of the list.
        backend: Reader of video files, see `open_reader`.
        full: Decode every frame instead of the first, the middle and the last.
        filename_tmpl: Names of raw frames in folders of a list.
    """

    data_prefix: str = ''
    backend: str = 'auto'
    full: bool = False
    filename_tmpl: str = 'img_{:05}.jpg'


class Item(NamedTuple):
    """One video to check: its unchanged line of the list, and the parsed entry.

    The line is empty if a list cannot name the video.
    """

    line: str
    entry: Entry


class Result(NamedTuple):
    """The result: number of frames and their rate, or why the video is bad."""

    item: Item
    frames: int = 0
    fps: float = 0.0
    reason: str = ''


def items_of(source: Path) -> list[Item]:
    """The videos below a folder (lines are relative to it), or those of a list.

    Raises:
        AnnotationError: There are no videos, the list does not exist, or a line is malformed.
    """
    if source.is_dir():
        return [
            Item(list_line(path) if can_be_listed(path) else '', Entry(path))
            for path in find_videos(source)
        ]
    items = [Item(line, entry) for _, line, entry in read_entries(source, LineFormat())]
    if not items:
        raise AnnotationError(f'the list {source} names no video')
    return items


def scan(
    items: Sequence[Item], settings: ScanSettings, engine: Engine, timeout: float
) -> Iterator[Result]:
    """Read every item; results come as they are ready.

    Args:
        engine: Where.
        timeout: Seconds after which a video is considered bad.
    """
    jobs = [(item, settings) for item in items]
    for outcome in engine.run_jobs(read_item, jobs, timeout):
        yield outcome.value or Result(items[outcome.job], reason=outcome.error)


def read_item(job: tuple[Item, ScanSettings]) -> Result:
    """Open one video and decode frames of it."""
    item, settings = job
    if not item.line:
        return Result(item, reason='its name has a line break, which a list cannot contain')
    try:
        with _open(item.entry, settings) as reader:
            first, last = _range(reader, item.entry)
            sample = reader.read([first, (first + last) // 2, last])
            if settings.full:
                chunk = min(_CHUNK, reader.limits.bytes // sample[0].nbytes)
                for start in range(first, last + 1, chunk):
                    reader.read(range(start, min(start + chunk, last + 1)))
            return Result(item, last - first + 1, reader.fps)
    except VideoReadError as error:
        return Result(item, reason=error.reason)


def _open(entry: Entry, settings: ScanSettings) -> VideoReader:
    path = os.path.join(settings.data_prefix, entry.path)
    if os.path.isdir(path):
        total = entry.total if (entry.total or 0) > 0 else None
        return FrameFolderReader(path, settings.filename_tmpl, entry.start, total)
    return open_reader(path, settings.backend)


def _range(reader: VideoReader, entry: Entry) -> tuple[int, int]:
    """First and last frame of the line."""
    if entry.total is None or entry.total < 0 or isinstance(reader, FrameFolderReader):
        return 0, len(reader) - 1
    first = entry.start or 0
    last = first + entry.total - 1
    if last >= len(reader):
        raise VideoReadError(
            reader.path, f'the list names frames {first} to {last}, but it has {len(reader)}'
        )
    return first, last


def write_report(results: Sequence[Result], items: Sequence[Item], out: Path) -> None:
    """Write ``good.txt``, with unchanged lines in the order of the list, and ``bad.txt``.

    A line of ``bad.txt`` has the path, a tab and the reason.
    """
    bad = {result.item: result.reason for result in results if result.reason}
    good_lines = [item.line for item in items if item not in bad]
    # One line each, with any name.
    names = {item: ' '.join(item.entry.path.splitlines()) for item in items if item in bad}
    bad_lines = [f'{names[item]}\t{bad[item]}' for item in items if item in bad]
    write_lines(out / 'good.txt', good_lines)
    write_lines(out / 'bad.txt', bad_lines)
