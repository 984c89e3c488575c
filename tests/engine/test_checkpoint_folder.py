"""Contract: a checkpoint folder has one run at a time and no half-written file."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from mmengine.fileio import LocalBackend

from mmvideomae.engine import checkpoint_folder
from mmvideomae.engine.checkpoint_folder import CheckpointFolder, CheckpointWriteError
from mmvideomae.storage import LockedError


@pytest.fixture
def folder(tmp_path: Path) -> CheckpointFolder:
    return CheckpointFolder(str(tmp_path), LocalBackend(), str(tmp_path))


def test_processes_refuse_a_folder_together(
    monkeypatch: pytest.MonkeyPatch, folder: CheckpointFolder, tmp_path: Path
) -> None:
    def from_main(told: list[str]) -> None:
        told[:] = ['run is in use', 'host-1']

    monkeypatch.setattr(checkpoint_folder, 'is_main_process', lambda: False)
    monkeypatch.setattr(checkpoint_folder, 'broadcast_object_list', from_main)
    with pytest.raises(LockedError, match=r'^run is in use$'):
        folder.hold()
    assert not list(tmp_path.iterdir())


def test_a_failure_leaves_the_former_file(folder: CheckpointFolder, tmp_path: Path) -> None:
    (tmp_path / 'a.pth').write_text('former')

    def fail() -> None:
        with folder.writing('a.pth') as name:
            (tmp_path / name).write_text('half')
            raise OSError(28, 'no space')

    with pytest.raises(CheckpointWriteError, match=r'a\.pth cannot be written \(no space\)'):
        fail()
    assert [path.name for path in tmp_path.iterdir()] == ['a.pth']
    assert (tmp_path / 'a.pth').read_text() == 'former'
    with folder.writing('a.pth') as name:
        (tmp_path / name).write_text('new')
    assert (tmp_path / 'a.pth').read_text() == 'new'


def test_checkpoints_are_told_from_those_of_other_folders(
    folder: CheckpointFolder, tmp_path: Path
) -> None:
    (tmp_path / 'a.pth').touch()
    assert folder.contains(f'{tmp_path}/other/../a.pth')
    assert not folder.contains(f'{tmp_path}/other/a.pth')
    assert folder.find('elsewhere/a.pth') == str(tmp_path / 'a.pth')
    assert folder.find('elsewhere/b.pth') is None and folder.find(None) is None


def test_an_object_store_is_written_and_deleted_from_by_its_own_means(tmp_path: Path) -> None:
    removed: list[str] = []
    store: Any = SimpleNamespace(
        join_path=lambda *parts: '/'.join(parts), isfile=lambda path: True, remove=removed.append
    )
    folder = CheckpointFolder('s3://bucket/run', store, str(tmp_path))
    assert folder.hold() == [] and not list(tmp_path.iterdir())
    with folder.writing('a.pth') as name:
        assert name == 'a.pth'
    assert folder.contains('s3://bucket/run/a.pth') and not folder.contains('s3://bucket/a.pth')
    folder.delete(['a.pth'])
    assert removed == ['s3://bucket/run/a.pth']
