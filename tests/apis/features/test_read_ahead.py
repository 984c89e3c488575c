"""Contract: a thread reads a bounded number ahead, passes errors on, and ends when abandoned."""

import threading
import time
from collections.abc import Iterator

import pytest

from mmvideomae.apis.features.read_ahead import ReadAhead


def test_items_in_their_order() -> None:
    with ReadAhead(range(50), size=2) as items:
        assert list(items) == list(range(50))


def test_none_is_an_item() -> None:
    with ReadAhead([None, None]) as items:
        assert list(items) == [None, None]


def test_work_is_done_in_another_thread_and_not_far_ahead() -> None:
    made: list[int] = []
    threads = set()

    def numbers() -> Iterator[int]:
        for number in range(100):
            threads.add(threading.current_thread())
            made.append(number)
            yield number

    with ReadAhead(numbers(), size=2) as items:
        iterator = iter(items)
        assert next(iterator) == 0
        time.sleep(0.3)
        assert len(made) <= 4  # one taken, two waiting, one in hand
    assert threading.current_thread() not in threads


def test_an_error_comes_where_the_item_would_have_come() -> None:
    def broken() -> Iterator[int]:
        yield 1
        raise OSError('no more')

    with ReadAhead(broken()) as items:
        iterator = iter(items)
        assert next(iterator) == 1
        with pytest.raises(OSError, match='no more'):
            next(iterator)


def test_leaving_early_ends_the_thread() -> None:
    before = threading.active_count()
    with ReadAhead(iter(range(10**9))) as items:
        next(iter(items))
    assert threading.active_count() == before
