"""A JSON file with the settings that made the files beside it."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mmvideomae.errors import UserError
from mmvideomae.storage.writing import write_text


class NoteError(UserError, ValueError):
    """A note of settings cannot be read."""


def write_note(path: Path, settings: Mapping[str, Any]) -> None:
    """Write settings to a file atomically."""
    write_text(path, json.dumps(settings, indent=2) + '\n')


def read_note(path: Path) -> dict[str, Any] | None:
    """The settings that `write_note` wrote; None if the file does not exist.

    Raises:
        NoteError: It is not a JSON object; the message names the file.
    """
    try:
        content = json.loads(path.read_text(encoding='utf-8'))
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise NoteError(f'{path} is not valid JSON: {error}') from None
    if not isinstance(content, dict):
        raise NoteError(f'{path} is not a JSON object')
    return content
