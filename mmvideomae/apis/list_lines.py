"""Lines of annotation lists, as `mmvideomae.datasets.annotations` reads them."""

import os
from collections.abc import Iterable
from pathlib import Path


def list_line(path: str, numbers: Iterable[int] = ()) -> str:
    """Write one line: the path, then its numbers, so that the path is read back whole.

    Raises:
        ValueError: The path holds a line break or both kinds of quotes where it
            needs quotes.
    """
    fields = [str(number) for number in numbers]
    if any(character in path for character in '\r\n'):
        raise ValueError(f'a list cannot name a path with a line break: {path!r}')
    plain = path and not any(character.isspace() or character in ',\'"#' for character in path)
    if plain:
        return ' '.join([path, *fields])
    quote = next((mark for mark in '"\'' if mark not in path), None)
    if quote is None:
        raise ValueError(f'a list cannot name a path with both kinds of quotes: {path!r}')
    return ' '.join([f'{quote}{path}{quote}', *fields])


def write_lines(path: Path, lines: Iterable[str]) -> None:
    """Write a text file whole or not at all; names that are no UTF-8 keep their bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + '.part')
    text = ''.join(f'{line}\n' for line in lines)
    part.write_text(text, encoding='utf-8', errors='surrogateescape')
    os.replace(part, path)
