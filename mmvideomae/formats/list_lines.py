"""Lines of annotation lists, as `mmvideomae.formats.annotations` reads them."""

from collections.abc import Iterable
from pathlib import Path

from mmvideomae.storage import write_text


def list_line(path: str, numbers: Iterable[int] = ()) -> str:
    """Write one line: the path, then its numbers, so that the path is read back whole.

    A path stands in quotes where it has to: with spaces, commas, semicolons, quotes or ``#``, and
    where its first bytes could pass for the byte order mark of a list.

    Raises:
        ValueError: The path is empty or holds a line break.
    """
    if not can_be_listed(path):
        reason = 'with a line break' if path else 'that is empty'
        raise ValueError(f'a list cannot name a path {reason}: {path!r}')
    if path[0] == '\ufeff' or '\udc80' <= path[0] <= '\udcff' or any(map(_is_special, path)):
        mark = "'" if '"' in path and "'" not in path else '"'
        path = f'{mark}{path.replace(mark, mark * 2)}{mark}'
    return ' '.join([path, *map(str, numbers)])


def can_be_listed(path: str) -> bool:
    """Whether `list_line` can write a path."""
    return bool(path) and '\n' not in path and '\r' not in path


def write_lines(path: Path, lines: Iterable[str]) -> None:
    """Write a text file whole or not at all; names that are not UTF-8 keep their bytes."""
    write_text(path, ''.join(f'{line}\n' for line in lines))


def _is_special(character: str) -> bool:
    return character.isspace() or character in ',;\'"#'
