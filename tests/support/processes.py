"""Functions that run in several processes at once, connected by gloo."""

import multiprocessing
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import distributed


def in_processes(count: int, function: Callable[[int], Any], folder: Path) -> list[Any]:
    """What ``function(rank)`` returns in each of ``count`` processes, in their order.

    Args:
        folder: Empty, for what passes between the processes.
    """
    context = multiprocessing.get_context('fork')
    arguments = [(rank, count, function, folder) for rank in range(count)]
    processes = [context.Process(target=_process, args=each) for each in arguments]
    for process in processes:
        process.start()
    for process in processes:
        process.join(timeout=300)
        assert process.exitcode == 0
    return [torch.load(folder / f'{rank}.pt', weights_only=False) for rank in range(count)]


def _process(rank: int, count: int, function: Callable[[int], Any], folder: Path) -> None:
    torch.set_num_threads(1)
    store = distributed.FileStore(str(folder / 'store'), count)
    distributed.init_process_group('gloo', store=store, rank=rank, world_size=count)
    torch.save(function(rank), folder / f'{rank}.pt')
    distributed.destroy_process_group()
