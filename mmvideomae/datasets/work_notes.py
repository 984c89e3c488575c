"""Which sample every worker of a data loader is at, for when one dies or hangs."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import torch
from torch.utils.data import get_worker_info

_SLOTS = 512  # workers of one loader that are told apart
_NONE = -1.0


class Work(NamedTuple):
    """What a worker is at: its process, the sample's index, and for how many seconds."""

    pid: int
    sample: int
    seconds: float


class SampleInWork(NamedTuple):
    """What a worker of the loader is at, or was when it died, by the name of its file."""

    pid: int
    name: str
    seconds: float


class WorkNotes:
    """A table in shared memory that workers, forked or spawned, write and their parent reads.

    A worker that is killed cannot say what it was doing; its last note can.
    """

    def __init__(self) -> None:
        # Rows of (process, index, time of its beginning).
        self._table = torch.full((_SLOTS, 3), _NONE, dtype=torch.float64).share_memory_()

    def __deepcopy__(self, memo: dict[int, object]) -> 'WorkNotes':
        """A copied data set has workers of its own."""
        return WorkNotes()

    @contextmanager
    def at(self, index: int) -> Iterator[None]:
        """Note that this process works on a sample, if it is a worker of a loader."""
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
        """What workers are at, or were when they died; the longest first."""
        now = time.monotonic()
        rows = [row for row in self._table.tolist() if row[1] != _NONE]
        works = [Work(int(pid), int(index), now - since) for pid, index, since in rows]
        return sorted(works, key=lambda work: -work.seconds)
