"""Contract: a file appears whole or not at all, and leftovers of killed runs are cleared."""

import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from mmvideomae import storage


def test_content_appears_under_the_name_only_when_complete(tmp_path: Path) -> None:
    path = tmp_path / 'weights.pth'
    path.write_text('old')
    with storage.replacing(path) as temporary:
        temporary.write_text('ne')
        assert path.read_text() == 'old'
        assert temporary.parent == path.parent
        temporary.write_text('new')
    assert path.read_text() == 'new'
    assert os.listdir(tmp_path) == ['weights.pth']


def _fail_to_write(path: Path) -> None:
    with storage.replacing(path) as temporary:
        temporary.write_text('ne')
        raise OSError('disk full')


def test_a_failure_keeps_the_old_content(tmp_path: Path) -> None:
    path = tmp_path / 'weights.pth'
    path.write_text('old')
    with pytest.raises(OSError, match='full'):
        _fail_to_write(path)
    assert path.read_text() == 'old'
    assert os.listdir(tmp_path) == ['weights.pth']


def test_folders_are_published_too(tmp_path: Path) -> None:
    path = tmp_path / 'epoch_1.pth'
    for content in ('first', 'second'):
        temporary = storage.temporary_path(path)
        temporary.mkdir()
        (temporary / 'rank0.pth').write_text(content)
        storage.publish(temporary, path)
    assert (path / 'rank0.pth').read_text() == 'second'
    assert os.listdir(tmp_path) == ['epoch_1.pth']


def test_clears_leftovers_and_nothing_else(tmp_path: Path) -> None:
    storage.temporary_path(tmp_path / 'epoch_1.pth').write_text('half')
    sharded = storage.temporary_path(tmp_path / 'epoch_2.pth')
    sharded.mkdir()
    (sharded / 'rank0.pth').write_text('half')
    kept = [tmp_path / '.hidden', tmp_path / 'notes.tmp', tmp_path / 'epoch_0.pth']
    for path in kept:
        path.write_text('keep')
    assert len(storage.remove_leftovers(tmp_path)) == 2
    assert sorted(tmp_path.iterdir()) == sorted(kept)
    assert storage.remove_leftovers(tmp_path) == []


def test_a_file_does_not_take_the_place_of_a_folder(tmp_path: Path) -> None:
    (tmp_path / 'good.txt' / 'inside').mkdir(parents=True)
    with pytest.raises(OSError, match=r'good\.txt'):
        storage.write_text(tmp_path / 'good.txt', 'text')
    assert (tmp_path / 'good.txt' / 'inside').is_dir()


def test_a_place_that_cannot_be_written_is_known_before_the_work(tmp_path: Path) -> None:
    (tmp_path / 'file').touch()
    for path in (tmp_path / 'file' / 'a.txt', tmp_path, tmp_path / ('x' * 300)):
        with pytest.raises(OSError, match=r'file|Is a directory|too long'):
            storage.check_writable(path)
    storage.check_writable(tmp_path / 'new' / 'a.txt')
    assert list((tmp_path / 'new').iterdir()) == []


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
