"""Collectives with gradients; in a single process they do nothing.

Each process computes its own loss, and training minimises their sum or mean.  The gradient of a
process's contribution is therefore the sum of the gradients from all processes.
"""

from typing import Any

import torch
from torch import Tensor, distributed


def process_count() -> int:
    """Number of processes that train together; 1 if this one trains alone."""
    return distributed.get_world_size() if _together() else 1


def process_rank() -> int:
    """Number of this process, from 0 on."""
    return distributed.get_rank() if _together() else 0


def gather_rows(rows: Tensor) -> Tensor:
    """(n, ...) from each process -> (processes * n, ...) in the order of the processes.

    All processes must pass the same number of rows.  The backward pass sums over processes.
    """
    return rows if process_count() == 1 else _gather(rows)


@torch.no_grad()
def mean_over_processes(value: Tensor) -> Tensor:
    """The mean of a tensor over the processes, without gradients."""
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
        # Gloo lacks reduce-scatter; with so few rows, this does not matter.
        grad = _summed(grad.contiguous().clone())
        return grad.chunk(process_count())[process_rank()]


def _together() -> bool:
    return distributed.is_available() and distributed.is_initialized()
