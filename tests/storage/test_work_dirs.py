"""Contract: a work directory is named after its config, or after the folder of a config.py."""

from pathlib import Path

import pytest

from mmvideomae.storage.work_dirs import default_work_dir


def test_a_data_set_of_boxes_has_a_work_directory_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert default_work_dir('data/recipe.py') == 'work_dirs/recipe'
    places = {'data/boxes': 'boxes', 'data/more/boxes': 'more_boxes', '../boxes': 'boxes'}
    for place, name in places.items():
        assert default_work_dir(f'{place}/config.py') == f'work_dirs/{name}'
    assert default_work_dir(tmp_path / 'data/boxes/config.py') == 'work_dirs/boxes'
    assert default_work_dir('config.py') == 'work_dirs/config'
