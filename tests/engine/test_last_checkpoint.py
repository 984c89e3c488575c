"""Contract: a work directory names its newest checkpoint, even after it was copied or moved."""

from pathlib import Path

import pytest

from mmvideomae.engine.last_checkpoint import MissingCheckpointError, find_last, note_last


def test_paths_below_the_work_directory_are_written_relative(tmp_path: Path) -> None:
    (tmp_path / 'epoch_1.pth').touch()
    note_last(tmp_path, str(tmp_path / 'epoch_1.pth'))
    assert (tmp_path / 'last_checkpoint').read_text() == 'epoch_1.pth'
    moved = tmp_path.rename(tmp_path.with_name(f'{tmp_path.name} moved'))
    assert find_last(moved) == str(moved / 'epoch_1.pth')


def test_a_relative_work_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'run').mkdir()
    (tmp_path / 'run' / 'iter_5.pth').touch()
    note_last(Path('run'), 'run/iter_5.pth')
    assert find_last(Path('run')) == 'run/iter_5.pth'


def test_others_are_written_as_they_are(tmp_path: Path) -> None:
    work, elsewhere = tmp_path / 'work', tmp_path / 'elsewhere' / 'epoch_1.pth'
    elsewhere.parent.mkdir()
    elsewhere.touch()
    for path in (str(elsewhere), 's3://bucket/run/epoch_1.pth'):
        note_last(work, path)
        assert find_last(work) == path


@pytest.mark.parametrize('original', [True, False])
def test_absolute_paths_of_older_runs(original: bool, tmp_path: Path) -> None:
    """A copy takes its own file whether the original is there or gone."""
    for name in ('work', 'copy'):
        (tmp_path / name).mkdir()
        (tmp_path / name / 'epoch_2.pth').touch()
        (tmp_path / name / 'last_checkpoint').write_text(f'{tmp_path}/work/epoch_2.pth\n')
    if not original:
        (tmp_path / 'work' / 'epoch_2.pth').unlink()
    assert find_last(tmp_path / 'copy') == str(tmp_path / 'copy' / 'epoch_2.pth')


def test_nothing_to_find(tmp_path: Path) -> None:
    assert find_last(tmp_path) is None
    for noted in ('/gone/epoch_1.pth', 'epoch_1.pth', ''):
        (tmp_path / 'last_checkpoint').write_text(noted)
        with pytest.raises(MissingCheckpointError, match='--resume CHECKPOINT'):
            find_last(tmp_path)
