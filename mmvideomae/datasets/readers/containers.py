"""Tell by its first bytes whether a file's frames carry presentation times."""

import os

_ASF = bytes.fromhex('3026b2758e66cf11')  # Windows Media
_TS_PACKET = 188


def container_of(path: str | os.PathLike[str]) -> str:
    """Name the container of a file: ``'avi'``, ``'mpeg'``, ``'asf'`` or ``'other'``.

    ``'mpeg'`` stands for program and transport streams.
    """
    with open(path, 'rb') as file:
        head = file.read(_TS_PACKET + 9)
    if head[:4] == b'RIFF' and head[8:12] == b'AVI ':
        return 'avi'
    if head[:8] == _ASF:
        return 'asf'
    if head[:4] == b'\x00\x00\x01\xba':
        return 'mpeg'
    # Transport packets begin with 'G'; on discs a time of four bytes precedes each.
    for before, length in ((0, _TS_PACKET), (4, _TS_PACKET + 4)):
        if len(head) > before + length and head[before] == head[before + length] == 0x47:
            return 'mpeg'
    return 'other'
