"""Find video files in folders, and define the ids of videos."""

import logging
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePath
from typing import NamedTuple

from mmvideomae.errors import where
from mmvideomae.formats.text_files import AnnotationError, shown
from mmvideomae.storage.remote import (
    AddressError,
    Member,
    files_below,
    is_address,
    without_query,
    without_secrets,
)

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
"""Suffixes that the readers support, lower case; the usual ones first."""

VIDEO_EXTENSIONS = frozenset(VIDEO_SUFFIXES)
_KINDS = 8  # kinds of ignored files that are listed individually
_logger = logging.getLogger('mmvideomae')  # writes to stderr, separate from results


def is_video_name(path: str) -> bool:
    """Whether the suffix is one of a video file, in upper or lower case."""
    return os.path.splitext(without_query(path))[1].lower() in VIDEO_EXTENSIONS


def listed_name(path: str) -> str:
    """A video's name in a list: without the tar file that holds it, or the query of an address."""
    member = Member.of(path)
    return without_query(path) if member is None else member.name


def video_id_of(path: str) -> str:
    """The identity of a video: its path below the source folder, as a list names it.

    The suffix of a video file is removed; any other text after a dot is part of the name, as in
    the folder of frames ``v1.2``.  For a path outside the folder, or an address, it is the name
    alone; for a member of a tar file, it is the path in the tar file.
    """
    listed = listed_name(path)
    pure = PurePath(listed)
    outside = pure.is_absolute() or '..' in pure.parts or is_address(listed)
    name = pure.name if outside else str(pure)
    return os.path.splitext(name)[0] if is_video_name(name) else name


class VideoFolder(NamedTuple):
    """The content of a folder.

    Attributes:
        videos: Paths of all video files, relative to the folder and sorted.
        left_out: A sentence about ignored files and inaccessible folders; empty if there are
            none.
    """

    videos: list[str]
    left_out: str = ''


def find_videos(folder: str | os.PathLike[str]) -> list[str]:
    """Paths of all video files below ``folder``, relative to it and sorted.

    Ignored files are reported on stderr, see `search_videos`.

    Raises:
        AnnotationError: No such folder, or no video in it.
    """
    found = search_videos(folder)
    if found.left_out:
        _logger.warning(found.left_out)
    return found.videos


def search_videos(folder: str | os.PathLike[str]) -> VideoFolder:
    """Search for video files below ``folder``, recognised by their suffixes (`VIDEO_SUFFIXES`).

    Hidden files and folders are skipped; links to folders are followed, each folder once.
    The folder may be an address.

    Raises:
        AnnotationError: No such folder, or no video in it.
    """
    root = os.fspath(folder)
    found: list[str] = []
    others: dict[str, list[str]] = {}
    closed: list[str] = []
    for path in _files_below(root, closed):
        if is_video_name(path):
            found.append(path)
        else:
            others.setdefault(os.path.splitext(path)[1].lower(), []).append(path)
    root = without_secrets(root)
    left_out = _left_out(root, others, closed)
    if not found:
        usual = ' '.join(VIDEO_SUFFIXES[:4])
        wanted = f'looked for {usual} and {len(VIDEO_SUFFIXES) - 4} other suffixes'
        more = f'; {left_out}' if left_out else ''
        raise AnnotationError(f'no video below the folder {root} ({wanted}{more})')
    return VideoFolder(sorted(found), left_out)


def _files_below(root: str, closed: list[str]) -> Iterator[str]:
    """Paths of files below a folder, relative to it, without hidden ones."""
    if is_address(root):
        try:
            paths = files_below(root)
        except AddressError as error:
            raise AnnotationError(
                f'cannot list the folder {error.address}: {error.reason}'
            ) from None
        yield from (path for path in paths if not re.search(r'(\A|/)\.', path))
        return
    if not os.path.isdir(root):
        if os.path.exists(root):
            raise AnnotationError(f'{root} is a file: give the folder of the videos')
        raise AnnotationError(f'no such folder of videos: {root}{where(root)}')
    for place, names in walk_folders(root, closed):
        yield from (os.path.relpath(os.path.join(place, name), root) for name in names)


def walk_folders(root: str, closed: list[str]) -> Iterator[tuple[str, list[str]]]:
    """Each folder below ``root`` once, with its files; hidden ones are skipped.

    Args:
        closed: Inaccessible folders are added to it.
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
    """The number of files with each suffix that are not videos, with an example of each."""
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
    return f'left out below {root} because of their suffixes: {", ".join(told)}'
