"""What tells one state of a file from all others."""

import os
import time
from typing import Any

from mmvideomae.storage.remote import head_of, is_elsewhere

_TICK = 0.1  # seconds within which two changes may have one time

FileKey = tuple[Any, ...]
"""A state of a file, and anything else on which knowledge about it depends."""


def file_key(path: str, *settings: Any) -> FileKey | None:
    """What a file is known by until it changes; None if it is not there or may just be changing.

    Args:
        settings: On which the knowledge depends besides.
    """
    try:
        if is_elsewhere(path):
            return (path, *head_of(path), *settings)
        status = os.stat(path)
    except (OSError, ValueError):
        return None
    if time.time() - max(status.st_mtime, status.st_ctime) < _TICK:
        return None
    times = status.st_mtime_ns, status.st_ctime_ns
    return (os.path.abspath(path), status.st_size, *times, *settings)
