"""Tables of MP4 and QuickTime files, compared with the file before a decoder believes them.

Decoders take memory for every sample that a table lists, and a count is four bytes.
"""

import os
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import BytesIO
from typing import BinaryIO, NamedTuple

import numpy as np

from mmvideomae.storage.remote import open_bytes
from mmvideomae.video.readers.base import SIZE_CHANGES, VideoReadError
from mmvideomae.video.readers.limits import ReadLimits

_FOLDERS = (
    *(b'moov', b'trak', b'mdia', b'minf', b'stbl', b'moof', b'traf', b'mvex', b'cmov'),
    *(b'edts', b'udta', b'dinf', b'tref', b'gmhd'),
)
_MOST_NESTED = 10
# Bytes of an entry, of tables that begin with version, flags and a number of entries.
_ENTRY = {b'stts': 8, b'ctts': 8, b'stsc': 12, b'stco': 4, b'co64': 8, b'stss': 4, b'stps': 4}
_MOST_INFLATED = 2**26  # bytes of a compressed header


class Box(NamedTuple):
    """A box of ISO 14496-12: its name, and where its contents lie."""

    name: bytes
    start: int
    end: int


@dataclass
class Track:
    """What the tables of one track claim."""

    handler: bytes = b''
    samples: int = 0  # by the table of sizes, or by fragments
    timed: int = 0  # by the tables of times
    steady: bool = False  # every sample lasts one tick, as those of uncompressed sound do
    sizes: set[bytes] = field(default_factory=set)  # of pictures

    def listed(self) -> int:
        """Samples for which a decoder takes memory."""
        if self.handler == b'soun' and self.steady:
            return 0  # a sample is a moment of sound, and decoders read thousands at a time
        return max(self.samples, self.timed)


def check_sample_tables(
    path: str | os.PathLike[str], limits: ReadLimits, one_size: bool = True
) -> None:
    """Refuse a file of the MP4 family that lists more than it can hold; pass all others.

    Raises:
        VideoReadError: A table lists more samples than the file has bytes, more entries than the
            table has room for or more frames than the limit, or, with ``one_size``, pictures of
            several sizes.
    """
    with open_bytes(path) as file:
        total = file.seek(0, os.SEEK_END)
        try:
            tracks = _read_tracks(file, total)
        except ValueError as error:
            raise VideoReadError(path, str(error)) from None
    listed = sum(track.listed() for track in tracks)
    if listed > total:
        reason = f'its header lists {listed:,} samples, but the file has {total:,} bytes'
        raise VideoReadError(path, reason)
    for track in tracks:
        reason = limits.excess('frames', track.listed(), 'its header lists')
        if one_size and track.handler == b'vide' and len(track.sizes) > 1:
            reason = SIZE_CHANGES
        if reason:
            raise VideoReadError(path, reason)


def _read_tracks(file: BinaryIO, total: int) -> list[Track]:
    """The tracks, after one that stands for all fragments.

    Raises:
        ValueError: A table claims more entries than it has room for.
    """
    fragments = Track()
    tracks: list[Track] = []
    for box in _boxes(file, 0, total):
        if box.name == b'trak':
            tracks.append(Track())
        elif box.name == b'trun':
            fragments.samples += _fit(file, box, 4, _run_entry(file, box))
        elif box.name == b'cmvd':
            tracks += _read_compressed(file, box)
        elif tracks:
            _note(file, box, tracks[-1])
    return [fragments, *tracks]


def _boxes(file: BinaryIO, start: int, end: int, nested: int = 0) -> Iterator[Box]:
    """The boxes between two places, each followed by those that it holds."""
    while start + 8 <= end:
        head = _read(file, start, 16)
        size, skip = int.from_bytes(head[:4], 'big'), 8
        if size == 1:
            size, skip = int.from_bytes(head[8:], 'big'), 16
        elif size == 0:
            size = end - start
        if size < skip:
            return
        box = Box(head[4:8], start + skip, min(start + size, end))
        yield box
        if box.name in _FOLDERS and nested < _MOST_NESTED:
            yield from _boxes(file, box.start, box.end, nested + 1)
        start += size


def _note(file: BinaryIO, box: Box, track: Track) -> None:
    """Take down what one box says of its track."""
    if box.name == b'hdlr':
        track.handler = track.handler or _read(file, box.start + 8, 4)
    elif box.name == b'stsz':
        fixed = _number(file, box.start + 4)
        track.samples = max(track.samples, _fit(file, box, 8, 0 if fixed else 4))
    elif box.name == b'stz2':
        bits = _number(file, box.start + 4) & 0xFF
        track.samples = max(track.samples, _fit(file, box, 8, bits / 8))
    elif box.name == b'stsd':
        for entry in _boxes(file, box.start + 8, box.end, _MOST_NESTED):
            track.sizes.add(_read(file, entry.start + 24, 4))
    elif box.name in _ENTRY:
        count = _fit(file, box, 4, _ENTRY[box.name])
        if box.name in (b'stts', b'ctts'):
            data = _read(file, box.start + 8, 8 * count)
            runs = np.frombuffer(data, '>u4', len(data) // 8 * 2).reshape(-1, 2)
            track.timed = max(track.timed, int(runs[:, 0].sum(dtype=np.int64)))
            track.steady |= box.name == b'stts' and runs[:, 1].tolist() == [1]


def _fit(file: BinaryIO, box: Box, place: int, entry: float) -> int:
    """The number that stands at a place of a box, of as many entries behind it."""
    count, room = _number(file, box.start + place), box.end - box.start - place - 4
    if count * entry > max(room, 0):
        raise ValueError(
            f'its table {box.name.decode()!r} lists {count:,} entries in {max(room, 0):,} bytes'
        )
    return count


def _run_entry(file: BinaryIO, box: Box) -> int:
    """Bytes that a run of a fragment has for each sample: four for each of four flags."""
    return 4 * (_number(file, box.start) >> 8 & 0xF).bit_count()


def _read_compressed(file: BinaryIO, box: Box) -> list[Track]:
    """The tracks of a header that QuickTime compressed."""
    try:
        data = zlib.decompressobj().decompress(
            _read(file, box.start + 4, min(box.end - box.start, _MOST_INFLATED)), _MOST_INFLATED
        )
    except zlib.error as error:
        raise ValueError(f'its compressed header is damaged: {error}') from None
    if len(data) == _MOST_INFLATED:
        raise ValueError('its compressed header is larger than 64 MiB')
    return _read_tracks(BytesIO(data), len(data))


def _number(file: BinaryIO, start: int) -> int:
    return int.from_bytes(_read(file, start, 4), 'big')


def _read(file: BinaryIO, start: int, count: int) -> bytes:
    file.seek(start)
    return file.read(count)
