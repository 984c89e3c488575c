"""Functions that run in several processes at once, connected by gloo."""

import multiprocessing
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cloudpickle
import torch
from torch import distributed


def in_processes(count: int, function: Callable[[int], Any], folder: Path) -> list[Any]:
    """What ``function(rank)`` returns in each of ``count`` processes, in their order.

    They are not forks of this process, whose threads (autograd's, loaders') may hold locks that
    would never open in a fork.  The function may be a closure; what it holds is copied.

    Args:
        folder: Empty, for what passes between the processes.
    """
    context = multiprocessing.get_context('forkserver')
    context.set_forkserver_preload(['mmengine.runner', 'mmvideomae.models'])
    pickled = cloudpickle.dumps(function)
    arguments = [(rank, count, pickled, folder) for rank in range(count)]
    processes = [context.Process(target=_process, args=each) for each in arguments]
    for process in processes:
        process.start()
    for process in processes:
        process.join(timeout=300)
        assert process.exitcode == 0
    return [torch.load(folder / f'{rank}.pt', weights_only=False) for rank in range(count)]


def _process(rank: int, count: int, pickled: bytes, folder: Path) -> None:
    function = cloudpickle.loads(pickled)
    torch.set_num_threads(1)
    store = distributed.FileStore(str(folder / 'store'), count)
    distributed.init_process_group('gloo', store=store, rank=rank, world_size=count)
    torch.save(function(rank), folder / f'{rank}.pt')
    distributed.destroy_process_group()
