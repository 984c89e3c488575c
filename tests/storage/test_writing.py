"""Contract: a file or folder appears completely or not at all; leftovers of kills are removed."""

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from mmvideomae import storage
from mmvideomae.storage import writing


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


@pytest.mark.parametrize('write', [_fail_to_write, storage.check_writable])
def test_errors_name_the_file_that_was_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write: Callable[[Path], None]
) -> None:
    def refused(path: Path, *args: object, **options: object) -> None:
        raise PermissionError(errno.EACCES, 'Permission denied', str(path))

    monkeypatch.setattr(Path, 'write_text', refused)
    monkeypatch.setattr(Path, 'touch', refused)
    with pytest.raises(PermissionError) as caught:
        write(tmp_path / 'weights.pth')
    assert caught.value.filename == str(tmp_path / 'weights.pth')


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


@pytest.mark.parametrize('name', ['', '.', '..', '../a', 'a/..', 'a/../../b', '/a', '//a/b'])
def test_names_of_files_stay_inside(tmp_path: Path, name: str) -> None:
    with pytest.raises(storage.OutsideError, match='relative path'):
        storage.inside(tmp_path, name)
    assert storage.inside(tmp_path, 'a/b..c') == tmp_path / 'a' / 'b..c'


# Pickles ------------------------------------------------------------------------------------------


def _killed_at(number: int, work: Callable[[], object]) -> bool:
    """Run in a process that dies before its n-th rename; return whether it came that far."""
    child = os.fork()
    if not child:
        seen: list[object] = []

        def rename(source: Path, target: Path, replace: Callable[..., None] = os.replace) -> None:
            seen.append(target)
            if len(seen) == number:
                os._exit(9)
            replace(source, target)

        os.replace = rename  # type: ignore[assignment]
        try:
            work()
        finally:
            os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9


@pytest.mark.parametrize('exchange', [True, False])
@pytest.mark.parametrize('number', [1, 2])
def test_a_kill_never_leaves_neither_the_old_folder_nor_the_new(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, exchange: bool, number: int
) -> None:
    if not exchange:  # as on a network drive
        monkeypatch.setattr(writing, '_exchange', lambda one, other: False)
    path = tmp_path / 'epoch_1.pth'
    path.mkdir()
    (path / 'rank0.pth').write_text('old')
    temporary = storage.temporary_path(path, 'dead-0')
    temporary.mkdir()
    (temporary / 'rank0.pth').write_text('new')
    killed = _killed_at(number, lambda: storage.publish(temporary, path))
    assert killed or exchange
    assert path.exists() or killed
    storage.remove_leftovers(tmp_path)
    assert (path / 'rank0.pth').read_text() == ('old' if killed else 'new')
    assert not list(tmp_path.glob('.old-*'))


def test_a_folder_whose_successor_is_there_goes(tmp_path: Path) -> None:
    for name in ('.old-epoch_1.pth', 'epoch_1.pth'):
        (tmp_path / name).mkdir()
    storage.remove_leftovers(tmp_path)
    assert os.listdir(tmp_path) == ['epoch_1.pth']


@pytest.mark.parametrize('existed', [False, True])
def test_a_failed_block_leaves_a_folder_as_it_was(tmp_path: Path, existed: bool) -> None:
    folder = tmp_path / 'runs' / 'mine'
    if existed:
        folder.mkdir(parents=True)
        (folder / 'old').touch()

    def work() -> None:
        (folder / '20260101').mkdir(parents=True)
        (folder / '20260101' / 'log').touch()
        raise ValueError('no such data')

    for keep in (False, True):
        with (
            pytest.raises(ValueError, match='no such data'),
            storage.taken_back(folder, lambda keep=keep: keep),
        ):
            work()
        found = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob('*')}
        kept = {'runs', 'runs/mine', 'runs/mine/old'} if existed else set()
        new = {'runs', 'runs/mine', 'runs/mine/20260101', 'runs/mine/20260101/log'}
        assert found == (kept | new if keep else kept)
