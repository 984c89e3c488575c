"""A JSON file that says how what lies beside it was made."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mmvideomae.errors import UserError
from mmvideomae.storage.writing import write_text


class NoteError(UserError, ValueError):
    """A note of settings cannot be understood."""


def write_note(path: Path, settings: Mapping[str, Any]) -> None:
    """Write settings whole or not at all."""
    write_text(path, json.dumps(settings, indent=2) + '\n')


def read_note(path: Path) -> dict[str, Any] | None:
    """What `write_note` wrote; None if there is no such file.

    Raises:
        NoteError: It is not a JSON object; the line names the file.
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
