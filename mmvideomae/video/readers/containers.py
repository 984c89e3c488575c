"""Tell by its first bytes what holds a video; FFmpeg would also take a text for a playlist."""

import os

from mmvideomae.storage.remote import open_bytes

_MP4 = (b'ftyp', b'moov', b'mdat', b'free', b'skip', b'wide', b'pnot')
_MATROSKA = bytes.fromhex('1a45dfa3')


def container_of(path: str | os.PathLike[str]) -> str:
    """Name the container of a file: ``'mp4'``, ``'matroska'``, ``'avi'`` or ``'other'``."""
    with open_bytes(path) as file:
        head = file.read(12)
    if head[4:8] in _MP4:
        return 'mp4'
    if head[:4] == _MATROSKA:
        return 'matroska'
    return 'avi' if head[:4] == b'RIFF' and head[8:] == b'AVI ' else 'other'
