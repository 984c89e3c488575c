"""Measure each contender in its own process, so that none benefits from another."""

import multiprocessing
import resource
import sys
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from mmvideomae.errors import UserError

Result = dict[str, Any]


def in_own_process(work: Callable[[Any], Callable[[], Any]], way: Any) -> Result:
    """Measure ``work(way)()`` in a new process.

    ``work(way)`` does preparations that are not measured, such as building a model.

    Args:
        work: Defined at the top of a module, so that the process can import it.
        way: Its argument, which must be picklable.

    Returns:
        ``value``, the result, and ``wall_s``, ``cpu_s`` (of all threads) and ``peak_mib``, the
        peak memory in addition to that after the preparations.

    Raises:
        ValueError: The work was refused, as for a video that cannot be read, or the process died.
    """
    context = multiprocessing.get_context('spawn')
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_measure, args=(work, way, sender))
    process.start()
    sender.close()
    try:
        result: Result = receiver.recv()
    except EOFError:
        result = {'error': f'the process of {way} died'}
    process.join()
    if 'error' in result:
        raise ValueError(result['error'])
    return result


def _measure(work: Callable[[Any], Callable[[], Any]], way: Any, sender: Connection) -> None:
    try:
        run = work(way)
        held, wall, cpu = peak_mib(), time.perf_counter(), time.process_time()
        value = run()
    except UserError as error:
        sender.send({'error': str(error)})
        return
    sender.send({
        'value': value,
        'wall_s': time.perf_counter() - wall,
        'cpu_s': time.process_time() - cpu,
        'peak_mib': peak_mib() - held,
    })  # fmt: skip


def peak_mib() -> float:
    """The peak memory of the process so far."""
    status = Path('/proc/self/status')
    if status.exists():  # on Linux, the other number begins with that of the parent process
        (line,) = (line for line in status.read_text().splitlines() if line.startswith('VmHWM'))
        return int(line.split()[1]) / 1024
    unit = 1 if sys.platform == 'darwin' else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**20
