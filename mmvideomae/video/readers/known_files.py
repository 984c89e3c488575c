"""What is known of files that were opened before: in memory, and on disk in a folder."""

import contextlib
import json
import os
import zlib
from collections import OrderedDict
from fractions import Fraction
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

import numpy as np

from mmvideomae import storage
from mmvideomae.errors import one_line, warn
from mmvideomae.video.readers.file_state import FileKey
from mmvideomae.video.readers.packet_index import PacketIndex
from mmvideomae.video.readers.stream_facts import StreamFacts

_MOST_PACKETS = 300_000  # in memory, at 64 bytes
_FEW = 10  # for whatever else is known
_MOST_COMPRESSED = 10_000  # packets of a file
_MOST_BYTES = 2**30  # in a folder
_PARTS = 256  # folders in a folder
_PRUNED = 16  # one of so many writes looks whether there is too much


class KnownFile(NamedTuple):
    """What opening a file found out.

    Attributes:
        stream: How to decode it.
        length: Frames.
        packets: Where they are; None where times do not tell, and they are counted from the start.
        closed: No picture behind a key frame needs one before it.
        plain: Packets stand in the file as they are decoded.
        times: When each frame appears, in seconds from the first, (F,).
        fps: Frames per second.
    """

    stream: StreamFacts
    length: int
    packets: PacketIndex | None
    closed: bool
    plain: bool
    times: np.ndarray
    fps: float

    @classmethod
    def of(
        cls,
        stream: StreamFacts,
        length: int,
        packets: PacketIndex | None,
        closed: bool,
        plain: bool,
    ) -> 'KnownFile':
        """Work out when frames appear."""
        fps = stream.rate
        if packets is None:
            times = np.arange(length) / (fps or 25.0)
        else:
            clock = float(stream.clock)
            seconds = packets.end() * clock
            times, fps = packets.times() * clock, length / seconds if seconds > 0 else fps
        return cls(stream, length, packets, closed, plain, times, fps)


class _Memory:
    """What this process knows; the files that were not asked for longest go first."""

    def __init__(self) -> None:
        self._files: OrderedDict[FileKey, KnownFile] = OrderedDict()
        self._packets = 0

    def get(self, key: FileKey) -> KnownFile | None:
        if key in self._files:
            self._files.move_to_end(key)
        return self._files.get(key)

    def put(self, key: FileKey, known: KnownFile) -> None:
        self._packets += _packets(known) - _packets(self._files.pop(key, None))
        self._files[key] = known
        while self._packets > _MOST_PACKETS and len(self._files) > 1:
            self._packets -= _packets(self._files.popitem(last=False)[1])


_memory = _Memory()


def recall(key: FileKey, folder: str | None) -> KnownFile | None:
    """What is known of a file, None if nothing is."""
    known = _memory.get(key)
    if known is None and folder is not None:
        with contextlib.suppress(OSError, ValueError, TypeError, KeyError, zlib.error):
            known = _load(_place(folder, key))
            _memory.put(key, known)
    return known


def remember(key: FileKey, known: KnownFile, folder: str | None) -> None:
    """Keep what is known of a file, and on disk if there is a folder."""
    _memory.put(key, known)
    if folder is None:
        return
    place = _place(folder, key)
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        new = storage.temporary_path(place)
        new.write_bytes(_encode(known))
        os.replace(new, place)  # without waiting for the disk: what is not whole is no loss
        if int(place.name[:4], 16) % _PRUNED == 0:
            _prune(place.parent)
    except OSError as error:
        _warn(folder, error.strerror or one_line(error, 200))


def _packets(known: KnownFile | None) -> int:
    return 0 if known is None else _FEW + (0 if known.packets is None else len(known.packets.pts))


def _place(folder: str, key: FileKey) -> Path:
    digest = sha256(repr(key).encode(errors='surrogateescape')).hexdigest()
    return Path(folder) / digest[:2] / digest[2:34]


def _prune(part: Path) -> None:
    """Delete the oldest files in a part of the folder until the rest are within the limit."""
    entries = [(entry.stat(), entry.path) for entry in os.scandir(part)]
    excess = sum(status.st_size for status, _ in entries) - _MOST_BYTES // _PARTS
    for status, path in sorted(entries, key=lambda entry: entry[0].st_mtime_ns):
        if excess <= 0:
            break
        with contextlib.suppress(FileNotFoundError):  # of another process
            os.unlink(path)
        excess -= status.st_size


@cache
def _warn(folder: str, reason: str) -> None:
    warn(
        f'Packet indexes cannot be kept in {folder!r}: {reason}. Every video is indexed anew when '
        'it is opened.'
    )


def _encode(known: KnownFile) -> bytes:
    """A line of JSON, and all numbers of the index, compressed unless they are many."""
    stream = known.stream._asdict()
    stream['extradata'] = known.stream.extradata.hex()
    for name in ('picture_aspect', 'aspect', 'clock'):
        stream[name] = str(stream[name])
    lengths = None if known.packets is None else [len(numbers) for numbers in known.packets]
    kept = {name: getattr(known, name) for name in ('length', 'closed', 'plain')}
    head = json.dumps({'stream': stream, 'packets': lengths, **kept})
    numbers = b'' if known.packets is None else b''.join(each.tobytes() for each in known.packets)
    if _packets(known) <= _MOST_COMPRESSED:
        numbers = zlib.compress(numbers, 1)
    head += ' ' * (-(len(head) + 1) % 8)  # numbers stand where a processor reads them at once
    return head.encode() + b'\n' + numbers


def _load(path: Path) -> KnownFile:
    """What `_encode` made; of a long film, numbers are read when they are needed.

    Raises:
        OSError: There is no such file.
        ValueError, TypeError, KeyError, zlib.error: It is another file, or not whole.
    """
    with path.open('rb') as file:
        head = json.loads(file.readline())
        stream, lengths = head['stream'], head['packets']
        if lengths is None or lengths[0] + _FEW <= _MOST_COMPRESSED:
            numbers = np.frombuffer(zlib.decompress(file.read()), np.int64)
        else:
            numbers = np.memmap(path, np.int64, 'r', file.tell())
    if len(numbers) != sum(lengths or ()):
        raise ValueError
    packets = None if lengths is None else PacketIndex(*np.split(numbers, np.cumsum(lengths)[:-1]))
    stream['extradata'] = bytes.fromhex(stream['extradata'])
    stream['size'], stream['colours'] = tuple(stream['size']), tuple(stream['colours'])
    for name in ('picture_aspect', 'aspect', 'clock'):
        stream[name] = Fraction(stream[name])
    kept = (head[name] for name in ('closed', 'plain'))
    return KnownFile.of(StreamFacts(**stream), head['length'], packets, *kept)
