"""Tools for benchmarks: the speed of matrix products, and the memory of a step."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

import torch
from torch import Tensor, nn
from torch.autograd.graph import saved_tensors_hooks
from torch.profiler import ProfilerActivity, profile

from mmvideomae.video.readers import helper_seconds

Result = TypeVar('Result')


def matmul_rate(device: torch.device, dtype: torch.dtype, size: int, repeats: int = 3) -> float:
    """Operations per second (2 per multiply-accumulate) of the fastest of some square products."""
    left, right = (torch.randn(size, size, device=device).to(dtype) for _ in range(2))
    out = torch.empty_like(left)
    torch.mm(left, right, out=out)
    seconds = min(timed(lambda: torch.mm(left, right, out=out), device)[1] for _ in range(repeats))
    return 2 * size**3 / seconds


def timed(run: Callable[[], Result], device: torch.device) -> tuple[Result, float]:
    """Run until all work on the device is done; return the result and seconds."""
    synchronise(device)
    start = time.perf_counter()
    result = run()
    synchronise(device)
    return result, time.perf_counter() - start


def wall_and_cpu(run: Callable[[], Any]) -> tuple[Any, float, float]:
    """The result, the seconds that passed, and the processor time of all threads.

    The process that reads videos for this one counts as well.
    """
    wall, cpu = time.perf_counter(), time.process_time() + helper_seconds()
    result = run()
    cpu = time.process_time() + helper_seconds() - cpu
    return result, time.perf_counter() - wall, cpu


def synchronise(device: torch.device) -> None:
    if device.type == 'cuda':
        torch.cuda.synchronize(device)


def saved_for_backward(run: Callable[[], Result], model: nn.Module) -> tuple[Result, int]:
    """Run a forward pass and sum up the bytes that autograd keeps for the backward pass.

    Every storage counts once and completely, since a view keeps all of it alive.  Parameters
    and buffers, which exist anyway, are left out.
    """
    held = {_storage(tensor)[0] for tensor in [*model.parameters(), *model.buffers()]}
    kept: dict[int, int] = {}

    def pack(tensor: Tensor) -> Tensor:
        place, size = _storage(tensor)
        if place not in held:
            kept[place] = max(size, kept.get(place, 0))
        return tensor

    with saved_tensors_hooks(pack, lambda tensor: tensor):
        result = run()
    return result, sum(kept.values())


def _storage(tensor: Tensor) -> tuple[int, int]:
    storage = tensor.untyped_storage()
    return storage.data_ptr(), storage.nbytes()


@dataclass(frozen=True)
class Allocation:
    """Bytes that PyTorch's allocator gave out during a run, in addition to those before."""

    left: int
    """Still in use at the end; negative if more was freed."""
    peak: int
    """The most in use at any time."""


def watch_allocation(run: Callable[[], Result], device: torch.device) -> tuple[Result, Allocation]:
    """Run, and get the allocator's use at the end and at its peak."""
    if device.type == 'cuda':
        return _watch_cuda(run, device)
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True, acc_events=True) as watch:
        result = run()
    return result, _add_up(watch.profiler.kineto_results.events())


def _watch_cuda(run: Callable[[], Result], device: torch.device) -> tuple[Result, Allocation]:
    before = torch.cuda.memory_allocated(device)
    torch.cuda.reset_peak_memory_stats(device)
    result = run()
    left = torch.cuda.memory_allocated(device) - before
    return result, Allocation(left, torch.cuda.max_memory_allocated(device) - before)


def _add_up(events: Iterable[Any]) -> Allocation:
    """Sum up the profiler's record of allocations (positive) and releases (negative)."""
    changes = [event for event in events if event.name() == '[memory]']
    held = peak = 0
    for change in sorted(changes, key=lambda event: event.start_ns()):
        held += change.nbytes()
        peak = max(peak, held)
    return Allocation(held, peak)
