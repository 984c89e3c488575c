"""A bounded folder of the features of frozen encoders, so that they are computed once."""

import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from mmvideomae.errors import UserError
from mmvideomae.formats.array_writer import ArrayWriter
from mmvideomae.storage import LockedError, locked, write_note

NOTE = 'note.json'
_PART_BYTES = 2**28
_KINDS = ('tokens', 'means')  # written in this order: a part with means is complete


class CacheFullError(UserError, ValueError):
    """The features of a data set need more room than the cache may take."""


class Encoded(NamedTuple):
    """Features of some videos, each in V views.

    Attributes:
        tokens: (n, V, N, D) float16; None if only means are wanted.
        means: Means over tokens (n, V, D) float32; NaN for a video that cannot be decoded.
    """

    tokens: np.ndarray | None
    means: np.ndarray


Encode = Callable[[Sequence[int]], Iterator[Encoded]]
"""Encodes the videos with these numbers, in this order, a batch at a time."""


class FeatureSet:
    """The stored features of a data set.

    Attributes:
        means: (n, V, D) float32.
    """

    def __init__(self, parts: Sequence[Encoded]) -> None:
        self.means = np.concatenate([part.means for part in parts])
        self._tokens = [part.tokens for part in parts if part.tokens is not None]
        self._rows = len(parts[0].means)  # of every part but the last

    def tokens(self, ids: Sequence[int]) -> Tensor:
        """Tokens of videos, from disk -> (n, V, N, D) float16."""
        rows = [self._tokens[number // self._rows][number % self._rows] for number in ids]
        return torch.from_numpy(np.stack(rows))


class FeatureCache:
    """Features by what made them; the least recently used sets are removed to make room.

    A set is written in parts, so an interrupted run continues where it stopped.

    Args:
        folder: Created when something is stored.
        most_bytes: Bound of all files in it.
    """

    def __init__(self, folder: str | os.PathLike[str], most_bytes: int) -> None:
        self.folder, self.most_bytes = Path(folder), most_bytes

    def features(
        self, made_from: Mapping[str, Any], count: int, with_tokens: bool, encode: Encode
    ) -> FeatureSet:
        """The features of ``count`` videos: those in the folder, completed by ``encode``.

        Args:
            made_from: All that the features depend on; JSON values.

        Raises:
            CacheFullError: They need more room than the folder may take.
            LockedError: Another process is computing the same features.
        """
        text = json.dumps(made_from, sort_keys=True, default=str)
        place = self.folder / sha256(text.encode()).hexdigest()[:24]
        with locked(place, 'a probe that computes the same features'):
            write_note(place / NOTE, {**made_from, 'count': count})  # also the time of last use
            parts = _Parts(place, count, with_tokens)
            if parts.missing():
                self._complete(parts, encode)
            return FeatureSet([parts.read(number) for number in range(parts.total)])

    def _complete(self, parts: '_Parts', encode: Encode) -> None:
        """Encode the first video to learn the sizes, and then whatever parts are missing."""
        sample = next(encode([0])) if parts.rows is None else parts.read(0)
        row = sum(each[0].nbytes for each in sample if each is not None)
        self._make_room(row * parts.count, parts.place)
        if parts.rows is None:
            parts.settle(max(1, _PART_BYTES // row))
        missing = parts.missing()
        videos = _in_rows(encode([each for number in missing for each in parts.ids(number)]))
        for number in missing:
            parts.write(number, videos)

    def _make_room(self, needed: int, place: Path) -> None:
        if needed > self.most_bytes:
            raise CacheFullError(
                f'the features need {needed / 1e9:.1f} GB, but {self.folder} may take '
                f'{self.most_bytes / 1e9:.1f} GB: raise --cache-gb, or leave out the attentive '
                'probe, since the others need only the mean of the tokens'
            )
        others = [note.parent for note in self.folder.glob(f'*/{NOTE}') if note.parent != place]
        others.sort(key=lambda each: (each / NOTE).stat().st_mtime)
        sizes = {each: sum(file.stat().st_size for file in each.iterdir()) for each in others}
        total = sum(sizes.values())
        for each in others:
            if total + needed <= self.most_bytes:
                return
            with suppress(LockedError), locked(each, 'a probe'):
                shutil.rmtree(each)
                total -= sizes[each]


class _Parts:
    """The files of one set: ``count`` videos, ``rows`` of them in a part."""

    def __init__(self, place: Path, count: int, with_tokens: bool) -> None:
        self.place, self.count = place, count
        self.kinds = _KINDS if with_tokens else _KINDS[1:]
        first = self._path(0, 'means')
        # Of the first part, without which there is none.
        complete = all(self._path(0, kind).exists() for kind in self.kinds)
        self.rows = len(np.load(first, mmap_mode='r')) if complete else None

    @property
    def total(self) -> int:
        return -(-self.count // (self.rows or self.count))

    def settle(self, rows: int) -> None:
        """Choose the size of a part, which drops parts of another size."""
        self.rows = rows
        for file in self.place.glob('*.npy'):
            file.unlink()

    def missing(self) -> list[int]:
        numbers = range(self.total)
        return [n for n in numbers if not all(self._path(n, kind).exists() for kind in self.kinds)]

    def ids(self, number: int) -> range:
        rows = self.rows or self.count
        return range(number * rows, min((number + 1) * rows, self.count))

    def write(self, number: int, videos: Iterator[Encoded]) -> None:
        """Store the next videos as one part."""
        told = [next(videos) for _ in self.ids(number)]
        for kind in self.kinds:
            rows = [getattr(each, kind) for each in told]
            shape = (len(rows), *rows[0].shape)
            with ArrayWriter(self._path(number, kind), shape, rows[0].dtype) as file:
                for row in rows:
                    file.append(row[None])

    def read(self, number: int) -> Encoded:
        found = {kind: np.load(self._path(number, kind), mmap_mode='r') for kind in self.kinds}
        return Encoded(found.get('tokens'), found['means'])

    def _path(self, number: int, kind: str) -> Path:
        return self.place / f'{number:05}.{kind}.npy'


def _in_rows(batches: Iterator[Encoded]) -> Iterator[Encoded]:
    """The videos of batches one by one."""
    for batch in batches:
        for row, means in enumerate(batch.means):
            yield Encoded(None if batch.tokens is None else batch.tokens[row], means)
