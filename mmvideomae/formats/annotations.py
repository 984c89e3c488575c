"""List files and folders of videos -> records.

A line names a video file or a folder of frames, then numbers::

    path
    path label
    path start total
    path start total label

Fields are separated by spaces or by commas.  A path that holds spaces stands in quotes,
double or single ones, or its line uses commas; within quotes, a quote of their kind is
doubled (``"a ""b"" c.mp4"``).  Blank lines and lines that begin with ``#`` are skipped.
``total`` below 0 means a video file, as in the lists of VideoMAE V2; otherwise the
sample is the ``total`` frames whose numbers begin at ``start``: files of a frame
folder, frames of a video file.
"""

import logging
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import NamedTuple

from mmvideomae.formats.text_files import AnnotationError, numbered_lines, shown

VIDEO_SUFFIXES = tuple(
    f'.{name}'
    for name in (
        *('mp4', 'mkv', 'webm', 'avi', '264', '265', '266', '3g2', '3gp', '3gp2', '3gpp', 'amv'),
        *('apng', 'asf', 'avc', 'dav', 'dif', 'divx', 'dv', 'evo', 'f4p', 'f4v', 'flv', 'gif'),
        *('gxf', 'h261', 'h263', 'h264', 'h265', 'h266', 'hevc', 'ismv', 'ivf', 'm2p'),
        *('m2t', 'm2ts', 'm2v', 'm4v', 'mj2', 'mjpeg', 'mjpg', 'mk3d', 'mod', 'mov', 'mp2v'),
        *('mp4v', 'mpe', 'mpeg', 'mpg', 'mpv', 'mqv', 'mts', 'mxf', 'nsv', 'nut', 'nuv', 'obu'),
        *('ogm', 'ogv', 'ogx', 'qt', 'rm', 'rmvb', 'tod', 'tp', 'trp', 'ts', 'vc1', 'vob'),
        *('vro', 'wm', 'wmv', 'wtv', 'xvid', 'y4m'),
    )
)
"""Suffixes of what the readers read, lower case; the usual ones first."""

VIDEO_EXTENSIONS = frozenset(VIDEO_SUFFIXES)
_KINDS = 8  # of files left out that are named one by one
_logger = logging.getLogger('mmvideomae')  # on stderr, so that it cannot mix with results
_LAYOUTS: dict[int, tuple[str, ...]] = {
    0: (),
    1: ('label',),
    2: ('start', 'total'),
    3: ('start', 'total', 'label'),
}
_NUMBERS = ('start', 'total', 'label')
_SEMICOLONS = re.compile(r';[;+\-\d]*\Z')
_QUOTED = {
    mark: re.compile(rf'{mark}((?:[^{mark}]|{mark}{mark})+){mark}(?=[, \t]|\Z)') for mark in '"\''
}


class Entry(NamedTuple):
    """One line of a list.

    Attributes:
        path: As written, without quotes.
        start: Number of the first frame, None where the line does not say.
        total: Frames from ``start`` on, negative for a whole video file, None where
            the line does not say.
        label: Class index, None where the line has none.
    """

    path: str
    start: int | None = None
    total: int | None = None
    label: int | None = None


@dataclass(frozen=True)
class LineFormat:
    """What the fields after the path mean.

    Attributes:
        numbers: Names of the numbers after the path, of ``start``, ``total`` and
            ``label``; None: told by how many there are (see the module).
        labelled: Every line must have a label.
        num_classes: Labels must lie in ``0, ..., num_classes - 1``; None: not checked.
    """

    numbers: tuple[str, ...] | None = None
    labelled: bool = False
    num_classes: int | None = None

    @classmethod
    def of(
        cls,
        columns: str | Sequence[str] | None,
        labelled: bool,
        num_classes: int | None = None,
    ) -> 'LineFormat':
        """Read ``columns`` such as ``'path total label'``; None leaves it to the count."""
        if columns is None:
            return cls(None, labelled, num_classes)
        names = tuple(columns.split()) if isinstance(columns, str) else tuple(columns)
        known = len(set(names)) == len(names) and set(names[1:]) <= set(_NUMBERS)
        if names[:1] != ('path',) or not known:
            raise ValueError(
                f'columns must be "path" and then some of {", ".join(_NUMBERS)}, got {columns!r}'
            )
        if labelled and 'label' not in names:
            raise ValueError(f'labelled=True needs a label column, got columns={columns!r}')
        return cls(names[1:], labelled, num_classes)

    def entry(self, path: str, numbers: Sequence[int]) -> Entry:
        """Name the numbers of one line; ValueError says what is wrong with them."""
        names = _LAYOUTS.get(len(numbers)) if self.numbers is None else self.numbers
        if names is None or len(names) != len(numbers):
            wanted = '0 to 3' if self.numbers is None else str(len(self.numbers))
            raise ValueError(f'{len(numbers)} numbers after the path, expected {wanted}')
        if names == ('label',):  # nearly all lists: worth a short way at millions of lines
            entry = Entry(path, None, None, numbers[0])
        else:
            entry = Entry(path, **dict(zip(names, numbers, strict=True)))
        if self.labelled and entry.label is None:
            raise ValueError('a label is required (labelled=True)')
        if self.num_classes is not None and not -1 < (entry.label or 0) < self.num_classes:
            raise ValueError(
                f'label {entry.label} is outside 0..{self.num_classes - 1}; mend the line or set '
                'num_classes (labels count from 0)'
            )
        if self.labelled and (entry.label or 0) < 0:
            raise ValueError(f'label {entry.label}: labels count from 0')
        if entry.total == 0 or (entry.start is not None and entry.start < 0):
            raise ValueError(f'start {entry.start} and total {entry.total} name no frames')
        return entry


def read_list(path: str | os.PathLike[str], line_format: LineFormat) -> list[Entry]:
    """Parse a list file.

    Raises:
        AnnotationError: The file is missing, unreadable or names nothing, or a line is
            malformed; the message quotes ``file:line`` and the line.
    """
    entries = [entry for _, _, entry in read_entries(path, line_format)]
    if not entries:
        raise AnnotationError(f'the list {os.fspath(path)} names no video')
    return entries


def read_entries(
    path: str | os.PathLike[str], line_format: LineFormat
) -> Iterator[tuple[int, str, Entry]]:
    """Number, text and meaning of every line of a list that is neither blank nor a comment.

    Raises:
        AnnotationError: See `read_list`; a list that names nothing gives nothing.
    """
    for number, line in numbered_lines(path, 'list', names_files=True):
        if line[0] == '#':
            continue
        try:
            yield number, line, line_format.entry(*split_line(line))
        except ValueError as error:
            raise AnnotationError(f'{os.fspath(path)}:{number}: {error}: {shown(line)}') from None


def split_line(text: str) -> tuple[str, list[int]]:
    """Split one line into its path and the integers behind it.

    Commas are tried before spaces, so that a path with spaces needs no quotes in a line
    with commas, and a path with commas none in a line with spaces.

    Raises:
        ValueError: Neither separation leaves a path and integers.
    """
    if text[0] in _QUOTED:
        quoted = _QUOTED[text[0]].match(text)
        if quoted is None:
            raise ValueError(f'the quote {text[0]} is not closed around a path')
        path = quoted.group(1).replace(text[0] * 2, text[0])
        rest = text[quoted.end() :].strip().removeprefix(',')
        numbers = _integers(rest.split(',') if ',' in rest else rest.split())
        if numbers is not None:
            return path, numbers
        raise ValueError('the fields after the path must be integers')
    if ',' in text:
        path, *fields = text.rstrip(', \t').split(',')  # spreadsheets fill rows with commas
        numbers = _integers(fields)
        if path.strip() and numbers is not None:
            return path.strip(), numbers
    path, *fields = text.split()
    if ';' in path and _SEMICOLONS.search(path):
        raise ValueError(
            'fields are separated by spaces or commas, not by semicolons (quote a path that ends '
            'with one)'
        )
    numbers = _integers(fields)
    if numbers is None:
        raise ValueError(
            'the fields after the path must be integers (quote a path that holds spaces)'
        )
    return path, numbers


def _integers(fields: Iterable[str]) -> list[int] | None:
    """The fields as integers, None if one is something else."""
    try:
        return [int(field) for field in fields]
    except ValueError:
        return None


def is_video_name(path: str) -> bool:
    """Whether the suffix is one of a video file, in upper or lower case."""
    return os.path.splitext(path)[1].lower() in VIDEO_EXTENSIONS


def video_id_of(path: str) -> str:
    """The identity of a video: its path below the source folder, as a list names it.

    It lacks the suffix of a video file; what else follows a dot is part of the name, as in the
    folder of frames ``v1.2``.  Of a path that leads out of any folder it is the name alone.
    """
    pure = PurePath(path)
    name = pure.name if pure.is_absolute() or '..' in pure.parts else str(pure)
    return os.path.splitext(name)[0] if is_video_name(name) else name


class VideoFolder(NamedTuple):
    """What lies below a folder.

    Attributes:
        videos: Paths of all video files, relative to the folder and sorted.
        left_out: The other files and what cannot be entered, counted in words; empty if there
            are none.
    """

    videos: list[str]
    left_out: str = ''


def find_videos(folder: str | os.PathLike[str]) -> list[str]:
    """Paths of all video files below ``folder``, relative to it and sorted.

    What is left out is told on stderr, see `search_videos`.

    Raises:
        AnnotationError: No such folder, or no video in it.
    """
    found = search_videos(folder)
    if found.left_out:
        _logger.warning(found.left_out)
    return found.videos


def search_videos(folder: str | os.PathLike[str]) -> VideoFolder:
    """Look for video files below ``folder``, known by their suffixes (`VIDEO_SUFFIXES`).

    Hidden files and folders are passed over, links to folders are followed, each folder once.

    Raises:
        AnnotationError: No such folder, or no video in it.
    """
    root = os.fspath(folder)
    if not os.path.isdir(root):
        raise AnnotationError(f'no such folder of videos: {root}')
    found: list[str] = []
    others: dict[str, list[str]] = {}
    closed: list[str] = []
    for place, names in walk_folders(root, closed):
        for name in names:
            path = os.path.relpath(os.path.join(place, name), root)
            if is_video_name(name):
                found.append(path)
            else:
                others.setdefault(os.path.splitext(name)[1].lower(), []).append(path)
    left_out = _left_out(root, others, closed)
    if not found:
        usual = ' '.join(VIDEO_SUFFIXES[:4])
        wanted = f'looked for {usual} and {len(VIDEO_SUFFIXES) - 4} other suffixes'
        more = f'; {left_out}' if left_out else ''
        raise AnnotationError(f'no video below the folder {root} ({wanted}{more})')
    return VideoFolder(sorted(found), left_out)


def walk_folders(root: str, closed: list[str]) -> Iterator[tuple[str, list[str]]]:
    """Each folder below ``root`` once, with its files; nothing that is hidden.

    Args:
        closed: Takes the folders that cannot be entered.
    """
    seen: set[str] = set()
    walk = os.walk(root, onerror=lambda error: closed.append(error.filename), followlinks=True)
    for place, folders, files in walk:
        real = os.path.realpath(place)
        if real in seen:
            folders.clear()
            continue
        seen.add(real)
        folders[:] = sorted(name for name in folders if not name.startswith('.'))
        yield place, sorted(name for name in files if not name.startswith('.'))


def _left_out(root: str, others: Mapping[str, Sequence[str]], closed: Sequence[str]) -> str:
    """How many files of each suffix are no videos, with an example of each."""
    kinds: dict[str, tuple[int, str]] = {}
    for suffix, paths in others.items():
        kind = suffix if re.fullmatch(r'\.\w{1,12}', suffix) else 'without a known suffix'
        count, example = kinds.get(kind, (0, paths[0]))
        kinds[kind] = count + len(paths), example
    if closed:
        kinds['folders that cannot be entered'] = len(closed), os.path.relpath(closed[0], root)
    if not kinds:
        return ''
    order = sorted(kinds, key=lambda kind: -kinds[kind][0])
    told = [f'{kinds[each][0]} {each} (such as {shown(kinds[each][1])})' for each in order[:_KINDS]]
    if rest := sum(kinds[each][0] for each in order[_KINDS:]):
        told.append(f'{rest} of {len(order) - _KINDS} other kinds')
    return f'left out below {root}, not being videos by their suffixes: {", ".join(told)}'
