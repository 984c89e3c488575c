"""Run one function over many jobs in processes; one that hangs or dies does no harm."""

import contextlib
import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from typing import Any, NamedTuple, Protocol

from mmvideomae.jobs.failures import reason_of

_READY = 'ready'


class Answer(NamedTuple):
    """The result of one job.

    Attributes:
        job: Its index.
        value: The function's return value; None on error.
        error: Why there is no value; empty on success.
    """

    job: int
    value: Any = None
    error: str = ''


class Engine(Protocol):
    """Something that runs one function over many jobs."""

    def run_jobs(
        self, function: Callable[[Any], Any], jobs: Sequence[Any], timeout: float | None = None
    ) -> Generator[Answer, None, None]:
        """See `Processes.run_jobs`."""


@dataclass(frozen=True)
class Processes:
    """An `Engine`: processes on this machine.

    Attributes:
        workers: Number of processes.
    """

    workers: int

    def run_jobs(
        self, function: Callable[[Any], Any], jobs: Sequence[Any], timeout: float | None = None
    ) -> Generator[Answer, None, None]:
        """Call ``function(job)`` for every job; results are yielded as they are ready.

        A call that raises, takes longer than ``timeout`` seconds or ends its process, as
        decoders of damaged files may, costs only its own result.  Output of workers is
        discarded.

        Args:
            function: Defined at the top of a module, so that a process can import it.
            jobs: Picklable arguments.
            timeout: Seconds per job, None for no limit.

        Raises:
            ValueError: The number of workers or the timeout is not positive.
        """
        if self.workers < 1 or (timeout is not None and timeout <= 0):
            raise ValueError(
                f'workers and timeout must be positive, got {self.workers} processes, '
                f'{timeout} seconds'
            )
        queue = iter(range(len(jobs)))
        team = [Worker(function) for _ in range(min(self.workers, len(jobs)))]
        try:
            for worker in team:
                worker.begin(next(queue), jobs, timeout)
            while busy := [worker for worker in team if worker.index is not None]:
                _wait_for_any(busy)
                for worker in busy:
                    outcome = worker.outcome()
                    if outcome is not None:
                        yield outcome
                        following = next(queue, None)
                        if following is not None:
                            worker.begin(following, jobs, timeout)
        finally:
            for worker in team:
                worker.kill()


class Worker:
    """A process that answers one job at a time and is replaced when it hangs or dies."""

    def __init__(self, function: Callable[[Any], Any]) -> None:
        self._function = function
        self.index: int | None = None  # of the current job
        self._timeout: float | None = None
        self._start()

    def _start(self) -> None:
        # A fork server avoids both a fork of this process, which may have threads, and
        # importing everything again for each worker.
        context = multiprocessing.get_context('forkserver')
        context.set_forkserver_preload([self._function.__module__])
        self.connection, far = context.Pipe()
        self._process = context.Process(target=_serve, args=(far, self._function), daemon=True)
        self._process.start()
        far.close()
        self._ready = False
        self._deadline: float | None = None

    def begin(self, index: int, jobs: Sequence[Any], timeout: float | None) -> None:
        """Send a job to the process."""
        self.index = index
        self._timeout = timeout
        self._start_clock()
        # `outcome` notices a process that died between two jobs.
        with contextlib.suppress(OSError):
            self.connection.send(jobs[index])

    def _start_clock(self) -> None:
        if self._ready and self._timeout is not None:
            self._deadline = time.monotonic() + self._timeout

    def seconds_left(self) -> float | None:
        """Seconds until the job's timeout; None without a limit."""
        return None if self._deadline is None else max(0.0, self._deadline - time.monotonic())

    def outcome(self) -> Answer | None:
        """The result of the current job; None until there is one."""
        try:
            answer = self.connection.recv() if self.connection.poll() else None
        except (EOFError, OSError):
            self._process.join()
            return self._replace(f'the process died ({_cause(self._process.exitcode)})')
        if answer == _READY:
            # A job's time does not include the imports of the process.
            self._ready = True
            self._start_clock()
        elif answer is not None:
            return self._end(*answer)
        elif self.seconds_left() == 0.0:
            return self._replace(f'no answer within {self._timeout:g} s')
        return None

    def kill(self) -> None:
        """Kill the process."""
        self.connection.close()
        self._process.kill()
        self._process.join()

    def _end(self, value: Any, error: str) -> Answer:
        outcome = Answer(-1 if self.index is None else self.index, value, error)
        self.index = None
        return outcome

    def _replace(self, error: str) -> Answer:
        self.kill()
        self._start()
        return self._end(None, error)


def _wait_for_any(busy: Sequence[Worker]) -> None:
    limits = [left for worker in busy if (left := worker.seconds_left()) is not None]
    wait([worker.connection for worker in busy], min(limits, default=None))


def _serve(connection: Connection, function: Callable[[Any], Any]) -> None:
    """Answer jobs until the other side closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends its workers
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):  # decoders written in C print messages about damaged files
        os.dup2(nowhere, stream)
    connection.send(_READY)
    while True:
        try:
            job = connection.recv()
        except EOFError:
            return
        try:
            answer = (function(job), '')
        except Exception as error:
            answer = (None, reason_of(error))
        connection.send(answer)


def _cause(exit_code: int | None) -> str:
    if exit_code is None or exit_code >= 0:
        return f'exit code {exit_code}'
    if -exit_code == signal.SIGKILL:
        return 'SIGKILL, which the system sends when it runs out of memory'
    with contextlib.suppress(ValueError):
        return signal.Signals(-exit_code).name
    return f'signal {-exit_code}'
