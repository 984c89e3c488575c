"""Official annotation files: finding and opening them, and saying where they are wrong."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from mmvideomae.datasets.annotations import AnnotationError


def find_file(folder: Path, names: Sequence[str]) -> Path:
    """The one of the files ``names`` that lies in ``folder``.

    Raises:
        AnnotationError: No such folder, or none of the files in it.
    """
    found = find_optional(folder, names)
    if found is None:
        raise AnnotationError(f'the folder {folder} has no {" or ".join(names)}')
    return found


def find_optional(folder: Path, names: Sequence[str]) -> Path | None:
    """As `find_file`, and None where there is no such file."""
    if not folder.is_dir():
        raise AnnotationError(f'no such folder of annotation files: {folder}')
    return next((folder / name for name in names if (folder / name).is_file()), None)


def read_text(path: Path) -> str:
    """The text of a file; bytes that are no UTF-8 are kept as file names keep them.

    Raises:
        AnnotationError: It cannot be read.
    """
    try:
        return path.read_text(encoding='utf-8-sig', errors='surrogateescape')
    except OSError as error:
        raise AnnotationError(f'cannot read {path}: {error.strerror or error}') from error


def numbered_lines(path: Path) -> Iterator[tuple[int, str]]:
    """Lines that are not blank, stripped, with their numbers from 1.

    Raises:
        AnnotationError: The file cannot be read.
    """
    # Not splitlines(), which also cuts at form feeds and other separators.
    for number, line in enumerate(read_text(path).split('\n'), 1):
        if line.strip():
            yield number, line.strip()


class JsonList:
    """A JSON file that holds a list of objects.

    Raises:
        AnnotationError: It is something else.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._text = read_text(path)
        items = parse_json(path, self._text)
        if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
            raise AnnotationError(f'{path} must hold a list of objects')
        self.items: list[dict[str, Any]] = items

    def error(self, item: Mapping[str, Any], key: str, reason: str) -> AnnotationError:
        """An error that says in which line the item begins, found by its unique ``key``."""
        place = self._text.find(json.dumps(item.get(key), ensure_ascii=False))
        line = self._text.count('\n', 0, max(place, 0)) + 1
        return AnnotationError(f'{self.path}:{line}: {key} {item.get(key)!r}: {reason}')


def parse_json(path: Path, text: str) -> Any:
    """What the text of a JSON file says.

    Raises:
        AnnotationError: It is no JSON; the message quotes ``file:line``.
    """
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise AnnotationError(f'{path}:{error.lineno}: no valid JSON: {error.msg}') from None
