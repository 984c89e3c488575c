"""Write lines of annotation lists, which `mmvideomae.formats.annotations` reads."""

from collections.abc import Iterable
from pathlib import Path

from mmvideomae.formats.text_files import AnnotationError
from mmvideomae.storage import write_text


def list_line(path: str, numbers: Iterable[int] = ()) -> str:
    """One line: the path, then its numbers, such that the path can be read back.

    A path is quoted if necessary: if it contains spaces, commas, semicolons, quotes or ``#``, or if
    its first bytes could be read as the byte order mark of a list.

    Raises:
        ValueError: The path is empty or contains a line break.
    """
    if not can_be_listed(path):
        reason = 'with a line break' if path else 'that is empty'
        raise ValueError(f'a list cannot contain a path {reason}: {path!r}')
    if path[0] == '\ufeff' or '\udc80' <= path[0] <= '\udcff' or any(map(_is_special, path)):
        mark = "'" if '"' in path and "'" not in path else '"'
        path = f'{mark}{path.replace(mark, mark * 2)}{mark}'
    return ' '.join([path, *map(str, numbers)])


def can_be_listed(path: str) -> bool:
    """Whether `list_line` can write a path."""
    return bool(path) and '\n' not in path and '\r' not in path


def check_absent(files: Iterable[Path], overwrite: bool) -> None:
    """Refuse to replace files, unless that is asked for.

    Raises:
        AnnotationError: One of the files exists.
    """
    standing = [] if overwrite else [str(path) for path in files if path.exists()]
    if standing:
        raise AnnotationError(f'{", ".join(standing)}: already there; replace with --overwrite')


def write_lines(path: Path, lines: Iterable[str]) -> None:
    """Write a text file atomically; file names in it that are not UTF-8 keep their bytes."""
    write_text(path, ''.join(f'{line}\n' for line in lines))


def _is_special(character: str) -> bool:
    return character.isspace() or character in ',;\'"#'
