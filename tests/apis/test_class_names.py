"""Contract: class names are found where users put them, or one line says how to give them."""

from pathlib import Path

import pytest
from mmengine import Config

from mmvideomae.apis.class_names import action_names, model_class_names, read_class_names
from mmvideomae.formats.annotations import AnnotationError
from mmvideomae.formats.label_maps import write_label_map

NAMES = ('run', 'eat a cake', 'Süßes backen')


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / 'classes.txt'
    path.write_text('\ufeff' + '\n'.join(NAMES) + '\n\n', encoding='utf-8')
    return path


def test_names_may_hold_spaces_and_letters_of_any_language(file: Path) -> None:
    assert read_class_names(file) == NAMES


@pytest.mark.parametrize('loader', ['test_dataloader', 'val_dataloader', 'train_dataloader'])
@pytest.mark.parametrize('kind', ['metainfo', 'list', 'file', 'wrapped'])
def test_any_data_set_of_the_config_names_them(file: Path, loader: str, kind: str) -> None:
    dataset = {
        'metainfo': {'type': 'X', 'metainfo': {'classes': list(NAMES)}},
        'list': {'type': 'X', 'classes': list(NAMES)},
        'file': {'type': 'X', 'classes': str(file)},
        'wrapped': {'type': 'RepeatDataset', 'dataset': {'classes': list(NAMES)}},
    }[kind]
    assert model_class_names(Config({loader: {'dataset': dataset}}), 3) == NAMES


def test_given_names_win_over_those_of_the_config(file: Path) -> None:
    cfg = Config({'test_dataloader': {'dataset': {'classes': ['a', 'b']}}})
    assert model_class_names(cfg, 3, file) == model_class_names(cfg, 3, list(NAMES)) == NAMES
    assert model_class_names(cfg, 2) == ('a', 'b')


def test_what_is_tested_is_asked_first() -> None:
    cfg = Config({
        'train_dataloader': {'dataset': {'classes': ['train', 'b']}},
        'test_dataloader': {'dataset': {'classes': ['test', 'b']}},
    })  # fmt: skip
    assert model_class_names(cfg, 2)[0] == 'test'


def test_every_complaint_is_one_line_that_names_the_cure(tmp_path: Path, file: Path) -> None:
    cfg = Config({'test_dataloader': {'dataset': {'type': 'X'}}})
    (tmp_path / 'empty.txt').write_text('\n')
    (tmp_path / 'binary.txt').write_bytes(b'\xff\xfe\x00\xd8')
    for given, told in (
        (None, 'no class names'),
        (tmp_path / 'none.txt', 'No such file'),
        (tmp_path / 'empty.txt', 'names no class'),
        (tmp_path / 'binary.txt', 'not UTF-16 text'),
    ):
        with pytest.raises(ValueError, match=told) as error:
            model_class_names(cfg, 3, given)
        assert '--classes FILE' in str(error.value) and '\n' not in str(error.value)
    with pytest.raises(ValueError, match=r'classes\.txt lists 3 classes, but the model has 400'):
        model_class_names(cfg, 400, file)


def test_actions_are_named_by_a_label_map_or_a_list(file: Path, tmp_path: Path) -> None:
    """A label map may leave ids out; it is given, or that of the config's data."""
    names = {1: 'stand', 4: 'run'}
    write_label_map(tmp_path / 'map.pbtxt', names)
    cfg = Config({'val_dataloader': {'dataset': {'label_map': str(tmp_path / 'map.pbtxt')}}})
    assert action_names(cfg, 4) == action_names(Config({}), 5, tmp_path / 'map.pbtxt') == names
    assert action_names(cfg, 3, file) == dict(enumerate(NAMES, 1))
    listed = Config({'val_dataloader': {'dataset': {'classes': ['a', 'b']}}})
    assert action_names(listed, 2) == {1: 'a', 2: 'b'}
    with pytest.raises(ValueError, match=r'map\.pbtxt names id 4, but the model has 3'):
        action_names(cfg, 3)
    cfg.val_dataloader.dataset.label_map = str(tmp_path / 'none.pbtxt')
    with pytest.raises(AnnotationError, match=r'none\.pbtxt: No such file.*--classes FILE'):
        action_names(cfg, 4)
