"""Contract: a parent knows what its workers are doing, and what a dead one was doing."""

import copy
import os
from types import SimpleNamespace

import pytest

from mmvideomae.datasets import work_notes
from mmvideomae.datasets.work_notes import WorkNotes


@pytest.fixture
def as_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work_notes, 'get_worker_info', lambda: SimpleNamespace(id=1))


def test_the_main_process_takes_no_notes() -> None:
    notes = WorkNotes()
    with notes.at(3):
        assert notes.unfinished() == []


def test_a_note_lasts_as_long_as_the_work(as_worker: None) -> None:
    notes = WorkNotes()
    with notes.at(3):
        (work,) = notes.unfinished()
        assert (work.pid, work.sample) == (os.getpid(), 3)
        assert work.seconds >= 0
        assert copy.deepcopy(notes).unfinished() == []
    assert notes.unfinished() == []
    with pytest.raises(ValueError), notes.at(4):
        raise ValueError
    assert notes.unfinished() == []


def test_the_note_of_a_dead_process_stays(as_worker: None) -> None:
    notes = WorkNotes()
    child = os.fork()
    if not child:
        with notes.at(7):
            os._exit(0)
    os.waitpid(child, 0)
    assert [(work.pid, work.sample) for work in notes.unfinished()] == [(child, 7)]
