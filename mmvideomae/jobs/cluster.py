"""Work on many videos in the actors of a Ray cluster."""

import logging
import socket
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from mmvideomae.errors import UserError, one_line
from mmvideomae.jobs.video_jobs import Outcome, Progress
from mmvideomae.jobs.workers import Answer, Processes

_MOST_TRIES = 3
_CORES_PER_ACTOR = 4
_DIED = 'the process that worked on it died'
_SECONDS_TO_ANSWER = 5


class ClusterError(UserError, RuntimeError):
    """The cluster cannot be used, or no actor can start to work."""


class Share(NamedTuple):
    """What works on videos in one process.

    Attributes:
        begin: Works on videos and reports progress to a callback; see
            `mmvideomae.jobs.video_jobs.work_through`.
        settings: How it works, for the summary.
    """

    begin: Callable[[Sequence[Any], Progress | None], Iterator[Outcome]]
    settings: dict[str, Any]


@dataclass(frozen=True)
class Cluster:
    """An engine: a Ray cluster, and how many actors work on it.

    Attributes:
        address: Of a running cluster, such as 'auto' on one of its machines; None starts one on
            this machine, which ends with this process.
        actors: Number of processes; None: one per GPU, or one per four cores without GPUs, and
            one per core for what `run_jobs` runs.
    """

    address: str | None = None
    actors: int | None = None

    def share(self, make: Callable[[], Share]) -> Share:
        """Let every actor make a `Share`, and work with all of them.

        All machines must see the same files, under the same paths.  Every actor gets one video at
        a time.  A video that failed, or over which an actor died, is given to another actor,
        three times at most.

        Args:
            make: Pickled with what it refers to, and called once in each actor.

        Raises:
            ClusterError: Ray is not installed or not found at the address, or no actor starts.
        """

        def begin_work() -> tuple[Callable[[Any], Outcome], dict[str, Any]]:
            share = make()
            return lambda item: deque(share.begin([item], None), maxlen=1).pop(), share.settings

        team = _Team(self, begin_work)
        return Share(lambda items, _: _sum(team.work(items, _death, _has_failed)), team.about)

    def run_jobs(
        self, function: Callable[[Any], Any], jobs: Sequence[Any], timeout: float | None = None
    ) -> Generator[Answer, None, None]:
        """Call ``function(job)`` for every job, as `mmvideomae.jobs.workers.Processes` does.

        A call that ended its process or took too long is tried by another actor, three times at
        most.

        Raises:
            ClusterError: Ray is not installed or not found at the address, or no actor starts.
        """

        def begin_work() -> tuple[Callable[[Any], Answer], None]:
            alone = Processes(1)
            return lambda job: deque(alone.run_jobs(function, [job], timeout), maxlen=1).pop(), None

        team = _Team(self, begin_work, cores=1, uses_gpus=False)
        results = team.work(jobs, lambda _: Answer(0, None, _DIED), lambda answer: answer.error)
        for index, answer in results:
            yield answer._replace(job=index)


class _Actor:
    """A process of the cluster."""

    def __init__(self, begin_work: Callable[[], tuple[Callable[[Any], Any], Any]]) -> None:
        self._work, self._about = begin_work()

    def about(self) -> Any:
        return self._about

    def work(self, item: Any) -> Any:
        return self._work(item)


class _Try(NamedTuple):
    item: int
    number: int = 1
    former: Any = None
    """The actor that had it before."""


class _Team:
    """Actors, of which those that are idle wait here.

    Args:
        begin_work: Called in each; returns what works on one item, and what it says of itself.
        cores: Of the processor, for each actor; fewer if the cluster has fewer.
    """

    def __init__(
        self,
        cluster: Cluster,
        begin_work: Callable[[], tuple[Callable[[Any], Any], Any]],
        cores: int = _CORES_PER_ACTOR,
        uses_gpus: bool = True,
    ) -> None:
        self._ray = ray = _connect(cluster.address)
        there = ray.cluster_resources()
        gpus, all_cores = int(there.get('GPU', 0)) * uses_gpus, int(there.get('CPU', 1))
        count = cluster.actors or gpus or max(all_cores // cores, 1)
        kind = ray.remote(num_cpus=min(all_cores / count, cores), num_gpus=min(gpus / count, 1))
        self._make = lambda: kind(_Actor).remote(begin_work)
        self._idle = [self._make() for _ in range(count)]
        try:
            self.about = ray.get(self._idle[0].about.remote())
        except ray.exceptions.RayActorError as error:
            ray.shutdown()
            raise ClusterError(f'no actor could start: {_last_line(error)}') from None

    def work(
        self,
        items: Sequence[Any],
        death: Callable[[Any], Any],
        has_failed: Callable[[Any], Any],
    ) -> Iterator[tuple[int, Any]]:
        """Work on all items, and then leave the cluster.

        Args:
            death: The result for an item at which an actor died.
            has_failed: Whether a result asks for another try.

        Yields:
            The index of an item, and its result.
        """
        waiting = deque(map(_Try, range(len(items))))
        busy: dict[Any, tuple[Any, _Try]] = {}
        try:
            while waiting or busy:
                while waiting and (actor := self._take(waiting[0].former, not busy)):
                    attempt = waiting.popleft()
                    busy[actor.work.remote(items[attempt.item])] = actor, attempt
                (done, *_), _ = self._ray.wait(list(busy), num_returns=1)
                actor, attempt = busy.pop(done)
                try:
                    result = self._ray.get(done)
                except self._ray.exceptions.RayActorError:
                    result = death(items[attempt.item])
                    self._idle.append(self._make())
                except self._ray.exceptions.RayTaskError as error:
                    raise error.cause from None
                else:
                    self._idle.append(actor)
                if has_failed(result) and attempt.number < _MOST_TRIES:
                    waiting.append(_Try(attempt.item, attempt.number + 1, actor))
                else:
                    yield attempt.item, result
        finally:
            self._ray.shutdown()

    def _take(self, avoid: Any, is_last: bool) -> Any:
        """An idle actor other than ``avoid``, unless it is the last chance, or None."""
        for place, actor in enumerate(self._idle):
            if actor is not avoid or is_last:
                return self._idle.pop(place)
        return None


def _sum(results: Iterator[tuple[int, Outcome]]) -> Iterator[Outcome]:
    """The results so far, after each video."""
    total = Outcome()
    yield total.copy()
    for _, part in results:
        total.done += part.done
        total.skipped += part.skipped
        total.failed |= part.failed
        total.units += part.units
        yield total.copy()


def _death(item: Any) -> Outcome:
    return Outcome(failed={getattr(item, 'job', item).video_id: _DIED})


def _has_failed(result: Outcome) -> bool:
    return bool(result.failed)


def _connect(address: str | None) -> Any:
    try:
        import ray
    except ImportError:
        raise ClusterError("--engine ray needs Ray: pip install 'mmvideomae[ray]'") from None
    try:
        _expect_answer(address)
        ray.init(
            address=address,
            log_to_driver=False,
            include_dashboard=False,
            logging_level=logging.ERROR,
        )
    except (OSError, ValueError) as error:
        raise ClusterError(f'cannot use the cluster at {address}: {one_line(error)}') from None
    return ray


def _expect_answer(address: str | None) -> None:
    """Have an error at once where Ray would ask again for minutes."""
    host, colon, port = (address or '').rpartition(':')
    if colon and port.isdecimal() and '/' not in host:
        socket.create_connection((host.strip('[]'), int(port)), _SECONDS_TO_ANSWER).close()


def _last_line(error: Exception) -> str:
    """What was raised in an actor's constructor, of which Ray keeps the text."""
    return one_line(str(error).strip().splitlines()[-1].partition(': ')[2] or error)
