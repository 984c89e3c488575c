"""Contract: a folder has one writer at a time, and a killed one leaves no lock."""

import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from mmvideomae import storage
from mmvideomae.storage import locks


def in_child(work: Callable[[], object]) -> int:
    """What a forked process finds: 0, or 1 if the folder is locked."""
    child = os.fork()
    if not child:
        status = 2
        try:
            work()
            status = 0
        except storage.LockedError:
            status = 1
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def test_a_folder_has_one_writer(tmp_path: Path) -> None:
    def lock() -> None:
        with storage.locked(tmp_path / 'run', 'a run'):
            pass

    storage.require_free(tmp_path / 'run', 'a run')  # not made yet
    assert not (tmp_path / 'run').exists()
    with storage.locked(tmp_path / 'run', 'a run'):
        assert in_child(lock) == 1
        assert in_child(lambda: storage.require_free(tmp_path / 'run', 'a run')) == 1
        with pytest.raises(storage.LockedError, match=rf'a run \(process .*-{os.getpid()}\)'):
            storage.require_free(tmp_path / 'run', 'a run')
    assert in_child(lock) == 0
    assert in_child(lambda: storage.require_free(tmp_path / 'run', 'a run')) == 0


def test_a_fork_that_outlives_its_parent_holds_nothing(tmp_path: Path) -> None:
    def check() -> None:
        assert not locks._held

    with storage.locked(tmp_path, 'a run'):
        assert locks._held
        assert in_child(check) == 0


def test_blocks_in_turn_do_not_overlap(tmp_path: Path) -> None:
    inside: list[int] = []

    def enter() -> None:
        with storage.in_turn(tmp_path):
            inside.append(1)
            assert len(inside) == 1
            time.sleep(0.01)
            inside.pop()

    with ThreadPoolExecutor(4) as pool:
        for future in [pool.submit(enter) for _ in range(8)]:
            future.result()
    assert os.listdir(tmp_path) == []
