"""Contract: an unreadable config or an option that does not fit gives a one-line error.

YAML and JSON hold values, and reading them runs nothing.
"""

from pathlib import Path
from typing import Any

import pytest
from mmengine.config import Config

from mmvideomae.configs import (
    ConfigError,
    ConfigMissingError,
    apply_options,
    dataset_of,
    datasets_of,
    pipeline_of,
    read_config,
    single_view,
    split_at_reading,
    steps_of_test,
    training_step,
)

CONFIG = """\
model = dict(type='Net', head=dict(num_classes=4), sizes=(1, 2))
val_cfg = None
epochs = 3
seed = 1
randomness = dict(seed=seed)
custom_hooks = [dict(type='OpenVideo'), dict(type='SampleClip', stride=2)]
test_pipeline = dict(open=dict(type='OpenVideo'), sample=dict(type='SampleClip', stride=2))
"""


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text)
    return path


def refusal(path: Path) -> str:
    with pytest.raises(ConfigError) as caught:
        read_config(path)
    assert '\n' not in str(caught.value)
    return str(caught.value)


def test_reads_bases_of_every_kind(tmp_path: Path) -> None:
    write(tmp_path, 'base.json', '{"a": 1, "b": {"c": 2, "d": 3}}')
    write(tmp_path, 'middle.yaml', '_base_: base.json\nb:\n  c: 4\nsize: !!python/tuple [1, 2]\n')
    cfg = read_config(write(tmp_path, 'leaf.py', "_base_ = 'middle.yaml'\na = 5\n"))
    assert (cfg.a, cfg.b.to_dict(), cfg['size']) == (5, {'c': 4, 'd': 3}, (1, 2))


@pytest.mark.parametrize(
    'value',
    [
        "!!python/object/apply:os.system ['touch {mark}']",
        "!!python/object/new:os.system ['touch {mark}']",
        '!!python/name:os.system',
        "!!python/object/apply:pathlib.Path.touch [!!python/object/apply:pathlib.Path ['{mark}']]",
    ],
)
@pytest.mark.parametrize('as_base', [False, True])
def test_yaml_runs_nothing(tmp_path: Path, value: str, as_base: bool) -> None:
    mark = tmp_path / 'ran'
    path = write(tmp_path, 'wrong.yml', f'a: 1\nb: {value.format(mark=mark)}\n')
    if as_base:
        path = write(tmp_path, 'leaf.yaml', '_base_: wrong.yml\nc: 2\n')
    said = refusal(path)
    assert 'wrong.yml:2' in said and 'python' in said
    assert not mark.exists()


@pytest.mark.parametrize(
    ('name', 'text', 'told'),
    [
        ('a.py', 'x = 1\ny = dict(z=\n', ['a.py:2', "'(' was never closed"]),
        ('a.py', 'x = 1\ny = numm\n', ['a.py:2', "NameError: name 'numm' is not defined"]),
        ('a.py', 'x = 1 / 0\n', ['a.py:1', 'ZeroDivisionError']),
        ('a.py', "_base_ = 'none.py'\n", ['a.py: there is no base config', 'none.py']),
        ('a.py', "_base_ = 'ok.py'\nx = _base_.mode1\n", ['a.py:2', 'mode1']),
        ('a.py', "_base_ = ['ok.py', 'same.py']\n", ['a.py', 'val_cfg']),
        ('a.py', "custom_imports = dict(imports=['no_such_module'])\n", ['no_such_module', 'PATH']),
        (
            'a.py',
            "custom_imports = dict(imports=['tests.support.broken_parts'])\n",
            ['a.py: ', 'broken_parts.py:3: AttributeError'],
        ),
        ('a.yaml', 'a: 1\nb: [1, 2\n', ['a.yaml:3']),
        ('a.yaml', '- 1\n- 2\n', ['a.yaml', 'KEY: VALUE']),
        ('a.json', '{"a": 1,\n "b": }\n', ['a.json:2', 'Expecting value']),
        ('a.pth', 'PK', ['a.pth is not a config']),
    ],
)
def test_what_is_wrong_is_said_with_its_place(
    tmp_path: Path, name: str, text: str, told: list[str]
) -> None:
    write(tmp_path, 'ok.py', CONFIG)
    write(tmp_path, 'same.py', 'val_cfg = 1\n')
    said = refusal(write(tmp_path, name, text))
    assert all(part in said for part in told), said


def test_configs_of_the_package_are_found_from_anywhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Unless there is a file of this name, as in the programs of the documentation."""
    monkeypatch.chdir(tmp_path)
    name = 'configs/demo/videomae_vit-tiny-p8_pretrain_motion.py'
    assert read_config(name).model.type == 'VideoMAE'
    with pytest.raises(ConfigMissingError, match=r'config not found: configs/demo/none\.py in '):
        read_config('configs/demo/none.py')
    (tmp_path / 'configs' / 'demo').mkdir(parents=True)
    write(tmp_path, name, "name = 'own'\n")
    assert read_config(name).name == 'own'


def test_a_missing_config_and_a_folder(tmp_path: Path) -> None:
    with pytest.raises(ConfigMissingError, match=r'config not found: .*none\.py'):
        read_config(tmp_path / 'none.py')
    assert 'is not a config' in refusal(tmp_path)


@pytest.mark.parametrize('value', ['', 'four', '2.5', '0', '-3', 'int', '4 classes', '2*3'])
@pytest.mark.parametrize('as_base', [False, True])
def test_a_number_of_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, value: str, as_base: bool
) -> None:
    path = write(tmp_path, 'own.py', "name = 'x'\nnum_classes = {{'$NUM_CLASSES:10'}}\n")
    if as_base:
        path = write(tmp_path, 'leaf.py', "_base_ = 'own.py'\n")
    assert read_config(path).num_classes == 10
    monkeypatch.setenv('NUM_CLASSES', '7')
    assert read_config(path).num_classes == 7
    monkeypatch.setenv('NUM_CLASSES', value)
    assert f'NUM_CLASSES={value} is not valid' in refusal(path) and 'such as 10' in refusal(path)
    assert 'os.environ' not in refusal(path)


def test_a_folder_of_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path, 'own.py', "name = '{{$LIST_DIR:data/own}}/a.csv'\n")
    monkeypatch.setenv('LIST_DIR', 'my lists')
    assert read_config(path).name == 'my lists/a.csv'
    monkeypatch.setenv('LIST_DIR', "it's")
    assert "LIST_DIR=it's is not valid: give text without quotes" in refusal(path)


@pytest.fixture
def cfg(tmp_path: Path) -> Config:
    return read_config(write(tmp_path, 'a.py', CONFIG))


def test_options_set_what_is_there_and_what_is_new(cfg: Config) -> None:
    options = {
        'model.head.num_classes': 5,
        'model.head.dropout.ratio': 0.5,
        'custom_hooks.1.stride': 4,
        'custom_hooks.0': {'type': 'Other'},
        'test_pipeline.sample.stride': 3,
        'test_pipeline.open': None,
        'val_cfg': {'type': 'ValLoop'},
        'randomness.seed': 3,
    }
    apply_options(cfg, options)
    apply_options(cfg, None)
    assert cfg.model.head.to_dict() == {'num_classes': 5, 'dropout': {'ratio': 0.5}}
    assert [step['type'] for step in cfg.custom_hooks] == ['Other', 'SampleClip']
    assert steps_of_test(cfg) == [{'type': 'SampleClip', 'stride': 3}]
    assert (cfg.custom_hooks[1].stride, cfg.val_cfg.type, cfg.randomness.seed) == (4, 'ValLoop', 3)


@pytest.mark.parametrize(
    ('key', 'told'),
    [
        ('custom_hooks.3.stride', 'custom_hooks is a list of 2 entries, numbered from 0 to 1'),
        ('custom_hooks.-1.stride', 'custom_hooks is a list of 2 entries'),
        ('custom_hooks.SampleClip.stride', 'SampleClip is custom_hooks.1'),
        ('test_pipeline.samples.stride', "test_pipeline has no step 'samples', but open, sample"),
        ('test_pipeline.1.stride', "test_pipeline has no step '1', but open, sample"),
        ('model.head.num_classes.x', 'model.head.num_classes is 4, which has no entries'),
        ('model.type.x', "model.type is 'Net'"),
        ('model.sizes.0', 'model.sizes is (1, 2)'),
        ('val_cfg.x', 'val_cfg is None'),
        ('modle.head.num_classes', "the config has no 'modle'; did you mean 'model'?"),
        ('train_dataloder.batch_size', "did you mean 'train_dataloader'?"),
        ('something', "the config has no 'something'"),
        ('epochs', "only the files of the config use 'epochs'"),
        ('seed', 'nothing reads it later: set randomness.seed'),
    ],
)
def test_options_that_lead_nowhere(cfg: Config, key: str, told: Any) -> None:
    with pytest.raises(ConfigError) as caught:
        apply_options(cfg, {key: 7})
    said = str(caught.value)
    assert said.startswith(f'option {key}=7: ') and told in said and '\n' not in said


def test_data_sets_are_found_inside_wrappers() -> None:
    steps = {'open': {'type': 'OpenVideo'}, 'flip': None, 'read': {'type': 'ReadFrames'}}
    inner = {'type': 'VideoListDataset', 'pipeline': steps}
    outer = {'type': 'RepeatDataset', 'dataset': inner}
    cfg = Config({'test_dataloader': {'dataset': outer}, 'train_dataloader': {'dataset': inner}})
    assert dataset_of(cfg, 'test_dataloader') == dataset_of(cfg, 'train_dataloader') == inner
    assert dataset_of(cfg, 'val_dataloader') == {}
    assert [name for name, _ in datasets_of(cfg)] == [*['test_dataloader'] * 2, 'train_dataloader']
    assert pipeline_of(cfg, 'x') == steps_of_test(cfg) == [steps['open'], steps['read']]
    with pytest.raises(ConfigError, match=r'has no test_pipeline.* give the config of a detector'):
        pipeline_of(Config(), 'a detector')


def test_a_step_of_the_training_is_found_however_deep() -> None:
    mask = {'type': 'GenerateMasks'}
    for transforms in ([mask], {'crop': None, 'mask': mask}):
        augment = {'type': 'RepeatAugment', 'transforms': transforms}
        cfg = {'train_dataloader': {'dataset': {'pipeline': [augment]}}}
        assert training_step(cfg, 'CropViews', 'GenerateMasks') == mask
        assert training_step(cfg, 'CropViews') is None


def test_a_test_is_cut_where_frames_are_read() -> None:
    kinds = ('OpenVideo', 'SampleDenseClips', 'ReadFrames', 'CropViews')
    steps = [{'type': kind} for kind in kinds]
    assert split_at_reading(steps) == (steps[1:2], steps[2:])
    with pytest.raises(ConfigError, match='must begin with OpenVideo'):
        split_at_reading(steps[1:])


def test_a_single_view_leaves_the_rest_alone() -> None:
    steps = [{'type': 'A', 'num_clips': 5, 'clip_len': 16}, {'type': 'B', 'num_crops': 3}]
    once = [{'type': 'A', 'num_clips': 1, 'clip_len': 16}, {'type': 'B', 'num_crops': 1}]
    assert single_view(steps) == once and steps[0]['num_clips'] == 5


def test_a_test_of_files_of_codes_is_told_as_that_of_their_videos() -> None:
    steps = [
        {'type': 'OpenCodes', 'folder': 'codes', 'fps': 16, 'size': 256, 'positions': ('top',)},
        {'type': 'SampleFps', 'clip_len': 10, 'fps': 2, 'num_clips': 10},
        {'type': 'ReadCodes'},
        {'type': 'PackClips'},
    ]
    assert steps_of_test({'test_pipeline': steps}) == [
        {'type': 'OpenVideo'},
        {'type': 'SampleFps', 'clip_len': 10, 'fps': 2, 'num_clips': 10, 'grid_fps': 16},
        {'type': 'ReadFrames'},
        {'type': 'DiagonalCrop', 'size': 256, 'positions': ('top',)},
        {'type': 'PackClips'},
    ]
    assert single_view(steps)[0]['positions'] == ('centre',)
