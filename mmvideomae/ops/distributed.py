"""Collectives that gradients pass through; in one process they change nothing.

Each process computes a loss of its own, and what training minimises is their sum or mean.  So the
gradient of what a process contributed is the sum of what all processes say of it.
"""

from typing import Any

import torch
from torch import Tensor, distributed


def process_count() -> int:
    """Processes that train together, 1 if this one trains alone."""
    return distributed.get_world_size() if _together() else 1


def process_rank() -> int:
    """Number of this process, from 0 on."""
    return distributed.get_rank() if _together() else 0


def gather_rows(rows: Tensor) -> Tensor:
    """(n, ...) of each process -> (processes * n, ...) in the order of the processes.

    All processes must give as many rows.  The backward pass sums over processes.
    """
    return rows if process_count() == 1 else _gather(rows)


@torch.no_grad()
def mean_over_processes(value: Tensor) -> Tensor:
    """The mean of a tensor over the processes, which no gradient passes through."""
    if process_count() == 1:
        return value
    return _summed(value.detach().clone()) / process_count()


@torch.compiler.disable
def _gather(rows: Tensor) -> Tensor:
    return _GatherRows.apply(rows)


@torch.compiler.disable
def _summed(value: Tensor) -> Tensor:
    distributed.all_reduce(value)
    return value


class _GatherRows(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, rows: Tensor) -> Tensor:
        rows = rows.contiguous()
        parts = [torch.empty_like(rows) for _ in range(process_count())]
        distributed.all_gather(parts, rows)
        return torch.cat(parts)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> Tensor:
        # Gloo cannot reduce and scatter; these rows are too few for that to matter.
        grad = _summed(grad.contiguous().clone())
        return grad.chunk(process_count())[process_rank()]


def _together() -> bool:
    return distributed.is_available() and distributed.is_initialized()
