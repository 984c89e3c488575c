"""Run an iterator in a thread while the caller uses its items."""

from collections.abc import Iterable, Iterator
from queue import Full, Queue
from threading import Event, Thread
from typing import Generic, TypeVar

Item = TypeVar('Item')
Entry = tuple[Item | None, BaseException | None, bool]
"""An item, or an error, and whether it is the end."""
_POLL = 0.1  # seconds after which a waiting thread checks whether it is still needed


class ReadAhead(Generic[Item]):
    """Items of an iterator that runs in a thread, at most ``size`` ahead.

    An exception of the iterator is raised in place of its item.  The thread has ended when the
    context is left, even if items remain.

    Args:
        items: No other code may take items from it.
        size: The most items that wait; one more is being made.
    """

    _patience: float | None = None  # seconds to wait for the end of the thread

    def __init__(self, items: Iterable[Item], size: int = 1) -> None:
        self._items = items
        self._queue: Queue[Entry[Item]] = Queue(size)
        self._stopped = Event()
        self._thread = Thread(target=self._work, name='read-ahead', daemon=True)

    def __enter__(self) -> 'ReadAhead[Item]':
        self._thread.start()
        return self

    def __exit__(self, *reason: object) -> None:
        self._stopped.set()
        self._thread.join(self._patience)

    def __iter__(self) -> Iterator[Item]:
        while True:
            item, error, ended = self._next()
            if error is not None:
                raise error
            if ended:
                return
            yield item  # type: ignore[misc]  # None only where it ended

    def _next(self) -> Entry[Item]:
        return self._queue.get()

    def _full(self, entry: Entry[Item]) -> None:
        """Called again and again while there is no room for an entry."""

    def _work(self) -> None:
        try:
            for item in self._items:
                if not self._put((item, None, False)):
                    return
            self._put((None, None, True))
        except BaseException as error:
            self._put((None, error, True))

    def _put(self, entry: Entry[Item]) -> bool:
        while not self._stopped.is_set():
            try:
                self._queue.put(entry, timeout=_POLL)
            except Full:
                self._full(entry)
                continue
            return True
        return False
