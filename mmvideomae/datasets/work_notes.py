"""Record the current sample of every data-loader worker, in case one dies or hangs."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import torch
from torch.utils.data import get_worker_info

_SLOTS = 512  # most workers of one loader
_NONE = -1.0


class Work(NamedTuple):
    """The current work of a worker: its process, the sample's index and the seconds so far."""

    pid: int
    sample: int
    seconds: float


class SampleInWork(NamedTuple):
    """The current or last sample of a loader's worker, with the name of its file."""

    pid: int
    name: str
    seconds: float


class WorkNotes:
    """A table in shared memory that workers, forked or spawned, write and their parent reads.

    A killed worker cannot report what it was doing; its last note can.
    """

    def __init__(self) -> None:
        # Rows of (process, index, start time).
        self._table = torch.full((_SLOTS, 3), _NONE, dtype=torch.float64).share_memory_()

    def __deepcopy__(self, memo: dict[int, object]) -> 'WorkNotes':
        """A copied data set has its own workers."""
        return WorkNotes()

    @contextmanager
    def at(self, index: int) -> Iterator[None]:
        """Record that this process works on a sample, if it is a loader's worker."""
        worker = get_worker_info()
        if worker is None:
            yield
            return
        row = self._table[worker.id % _SLOTS]
        row[:] = torch.tensor([os.getpid(), index, time.monotonic()], dtype=torch.float64)
        try:
            yield
        finally:
            row[1] = _NONE

    def unfinished(self) -> list[Work]:
        """Current or last work of the workers, the longest first."""
        now = time.monotonic()
        rows = [row for row in self._table.tolist() if row[1] != _NONE]
        works = [Work(int(pid), int(index), now - since) for pid, index, since in rows]
        return sorted(works, key=lambda work: -work.seconds)
