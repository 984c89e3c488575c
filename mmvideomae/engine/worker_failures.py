"""Name the file that a data-loader worker was reading when it died or hung."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from mmengine.runner import BaseLoop, Runner

from mmvideomae.errors import UserError

_DEAD = re.compile(r'DataLoader worker \(pid(?:\(s\))? ([\d, ]+)\)[^\n]*')
_LATE = re.compile(r'DataLoader timed out after (\S+) seconds')
_ADVICE = (
    'Move the file away: training counts a missing file and uses another sample instead. '
    'Then continue with --resume'
)


class WorkerError(UserError, RuntimeError):
    """A data-loader worker died or hung; the message names the file that it was reading."""


@contextmanager
def naming_files(runner: Runner) -> Iterator[None]:
    """Name the file if a data-loader worker dies or hangs in this block.

    Data sets report the current samples of their workers by ``samples_in_work()``, which torch
    does not know.

    Raises:
        WorkerError: Replaces torch's RuntimeError.
    """
    try:
        yield
    except WorkerError:  # from a block within this one
        raise
    except RuntimeError as error:
        told = explain(str(error), _works(runner))
        if told is None:
            raise
        raise WorkerError(told) from error


def explain(message: str, works: list[Any]) -> str | None:
    """Explain torch's `message`, given the samples that workers are reading; None for other errors.

    Args:
        works: Tuples (pid, name, seconds), the longest first.
    """
    if found := _DEAD.search(message):
        pids = [int(pid) for pid in found[1].split(',')]
        names = [work.name for work in works if work.pid in pids]
        where = f'while it read {", ".join(names)}. {_ADVICE}' if names else 'between two samples'
        return (
            f'{found[0].strip().rstrip(".")}, {where}. If it ran out of memory, lower num_workers, '
            'prefetch_factor or batch_size'
        )
    if found := _LATE.search(message):
        stuck = [work for work in works if work.seconds >= float(found[1]) / 2] or works[:1]
        files = ', '.join(f'{work.name} (for {work.seconds:.0f} s)' for work in stuck)
        where = f'its workers read {files}. {_ADVICE}' if files else 'no worker is reading a sample'
        return (
            f'The data loader has waited {found[1]} seconds for a batch; {where}. If the files are '
            'intact but slow to read, increase the timeout of the loader (train_dataloader.timeout)'
        )
    return None


def _works(runner: Runner) -> list[Any]:
    loops = (runner._train_loop, runner._val_loop, runner._test_loop)
    loaders = [loop.dataloader for loop in loops if isinstance(loop, BaseLoop)]
    return [work for loader in loaders for work in _works_of(loader.dataset)]


def _works_of(dataset: Any) -> list[Any]:
    """The current samples of workers in a data set, or in those that it wraps."""
    if hasattr(dataset, 'samples_in_work'):
        return dataset.samples_in_work()
    parts = getattr(dataset, 'datasets', None) or [getattr(dataset, 'dataset', None)]
    return [work for part in parts if part is not None for work in _works_of(part)]
