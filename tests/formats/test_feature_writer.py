"""Contract: a feature file is written completely or not at all, as a plain .npy file."""

import os
from pathlib import Path

import numpy as np
import pytest

from mmvideomae import storage
from mmvideomae.formats.feature_info import FeatureInfo
from mmvideomae.formats.feature_writer import FeatureWriter


def test_rows_in_pieces_make_one_array(tmp_path: Path) -> None:
    rows = np.random.default_rng(0).normal(size=(7, 3))
    path = tmp_path / 'a' / 'b.npy'
    with FeatureWriter(path, 7, 3) as file:
        for piece in np.array_split(rows, 3):
            file.append(piece)
            assert not path.exists()
    found = np.load(path)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, rows.astype(np.float32))
    assert [each.name for each in path.parent.iterdir()] == ['b.npy']


def write(path: Path, rows: np.ndarray, error: type[BaseException] | None = None) -> None:
    with FeatureWriter(path, 2, 3) as file:
        file.append(rows)
        if error:
            raise error


def test_nothing_is_left_of_what_was_broken_off(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        write(tmp_path / 'a.npy', np.zeros((2, 3)), KeyboardInterrupt)
    assert list(tmp_path.iterdir()) == []


def test_too_few_rows_and_too_wide_ones(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match='got 1 rows of 2'):
        write(tmp_path / 'a.npy', np.zeros((1, 3)))
    with pytest.raises(ValueError, match=r'rows must be \(n, 3\)'):
        write(tmp_path / 'a.npy', np.zeros((2, 4)))
    assert list(tmp_path.iterdir()) == []


def test_a_finished_file_is_replaced_at_once(tmp_path: Path) -> None:
    path = tmp_path / 'a.npy'
    for value in (1.0, 2.0):
        with FeatureWriter(path, 1, 1) as file:
            file.append(np.array([[value]]))
    assert np.load(path).item() == 2.0


def test_features_have_the_description_they_were_written_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two processes of other settings write one file at a time."""
    path = tmp_path / 'a.npy'
    infos = [
        FeatureInfo(25.0, 16, 0.64, 16, 4, 1, 0, 1, name, '', 'pyav', video_id='a')
        for name in ('first', 'second')
    ]
    with FeatureWriter(path, 1, 1, infos[0]) as late:
        late.append(np.array([[1.0]]))
        monkeypatch.setattr(storage.writing, 'process_name', lambda: 'host-1')
        with FeatureWriter(path, 1, 1, infos[1]) as early:
            early.append(np.array([[2.0]]))
        assert (FeatureInfo.read(path), np.load(path).item()) == (infos[1], 2.0)
    assert (FeatureInfo.read(path), np.load(path).item()) == (infos[0], 1.0)
    assert sorted(os.listdir(tmp_path)) == ['a.json', 'a.npy']
