"""Find and read official annotation files, and report errors in them."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mmvideomae.errors import where
from mmvideomae.formats.text_files import AnnotationError, parse_json, read_utf8


def find_file(folder: Path, names: Sequence[str]) -> Path:
    """The one of the files ``names`` that is in ``folder``.

    Raises:
        AnnotationError: The folder does not exist, or has none of the files.
    """
    found = find_optional(folder, names)
    if found is None:
        raise AnnotationError(f'the folder {folder} has no {" or ".join(names)}')
    return found


def find_optional(folder: Path, names: Sequence[str]) -> Path | None:
    """Like `find_file`, but None if there is no such file."""
    if not folder.is_dir():
        raise AnnotationError(f'no such folder of annotation files: {folder}{where(folder)}')
    return next((folder / name for name in names if (folder / name).is_file()), None)


class JsonList:
    """A JSON file with a list of objects.

    Raises:
        AnnotationError: Its content is something else.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._text = read_utf8(path, 'annotation', names_files=True)
        items = parse_json(path, self._text)
        if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
            raise AnnotationError(f'{path} must hold a list of objects')
        self.items: list[dict[str, Any]] = items

    def error(self, item: Mapping[str, Any], key: str, reason: str) -> AnnotationError:
        """An error with the line in which an item begins, which is found by its unique ``key``."""
        place = self._text.find(json.dumps(item.get(key), ensure_ascii=False))
        line = self._text.count('\n', 0, max(place, 0)) + 1
        return AnnotationError(f'{self.path}:{line}: {key} {item.get(key)!r}: {reason}')
