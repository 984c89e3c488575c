"""Contract: the command line reaches the config; errors of data and loss are explained plainly."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mmengine.config import Config
from torch.utils.data import DataLoader, Dataset

from mmvideomae.datasets.transforms import SampleKeyFrameClip
from mmvideomae.engine import NonFiniteLossError
from mmvideomae.engine.run_config import (
    enable_amp,
    environment_of,
    load_run_config,
    plain_message,
    require_checkpoint,
    resume_from,
    with_environment,
)
from mmvideomae.errors import ConfigError
from mmvideomae.registry import MODELS
from tests.support.models import tiny_vit


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / 'recipe.py'
    path.write_text("optim_wrapper = dict(optimizer=dict(lr=1.0))\nname = 'a'\n")
    return path


def test_work_directory_is_given_or_the_configs_or_named_after_it(config: Path) -> None:
    assert load_run_config(str(config)).work_dir == 'work_dirs/recipe'
    own = load_run_config(str(config), cfg_options={'work_dir': 'own'})
    assert own.work_dir == 'own'
    assert (
        load_run_config(str(config), 'given', cfg_options={'work_dir': 'own'}).work_dir == 'given'
    )


def test_options_reach_the_config(config: Path) -> None:
    cfg = load_run_config(str(config), launcher='pytorch', cfg_options={'optim_wrapper.x': 2})
    assert (cfg.launcher, cfg.optim_wrapper.x, cfg.name) == ('pytorch', 2, 'a')


@pytest.mark.parametrize('name', ['load_from', 'work_dir'])
@pytest.mark.parametrize('given', [2024, ['a', 'b.pth']])
def test_paths_that_options_read_otherwise_are_refused(
    config: Path, name: str, given: object
) -> None:
    with pytest.raises(ConfigError, match=rf"""{name} must be text.*, {name}='"TEXT"'"""):
        load_run_config(str(config), cfg_options={name: given})


@pytest.mark.parametrize('name', ['max_epochs', 'max_iters'])
def test_a_training_of_no_length_is_refused(config: Path, name: str) -> None:
    with pytest.raises(ConfigError, match=rf'train_cfg\.{name} must be positive, got 0'):
        load_run_config(str(config), cfg_options={f'train_cfg.{name}': 0})
    load_run_config(str(config), cfg_options={f'train_cfg.{name}': 1})


def test_missing_files_are_named() -> None:
    with pytest.raises(FileNotFoundError, match=r'nowhere\.py'):
        load_run_config('nowhere.py')
    with pytest.raises(FileNotFoundError, match=r'nowhere\.pth'):
        require_checkpoint('nowhere.pth')
    require_checkpoint('https://host/weights.pth')


def test_the_variables_that_a_config_reads_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / 'a.py'
    config.write_text("a = [{{'$FIRST:1'}}, {{'$SECOND:2'}}, '{{$FOLDER:data/own}}']\n")
    monkeypatch.setenv('SECOND', '7')
    monkeypatch.setenv('FOLDER', 'a b')
    monkeypatch.setenv('THIRD', '8')
    assert environment_of(load_run_config(str(config))) == {'SECOND': '7', 'FOLDER': 'a b'}
    assert environment_of(None) == {}


def test_a_count_that_the_environment_gives_is_changed_there(tmp_path: Path) -> None:
    path = tmp_path / 'own.py'
    path.write_text("num_classes = {{'$NUM_CLASSES:10'}}\nmodel = dict(num_classes=num_classes)\n")
    cfg = load_run_config(str(path))
    told = with_environment('3 names: set num_classes=3', cfg)
    assert told.endswith('with this config, put NUM_CLASSES=3 before the command')
    told = with_environment('3 names, but num_classes=5: set num_classes=3', cfg)
    assert 'put NUM_CLASSES=3 before' in told
    assert 'NUM_CLASSES=NUMBER' in with_environment('set num_classes (labels start at 0)', cfg)
    assert with_environment('set x=3', cfg) == 'set x=3'
    assert with_environment('names for classes=FILE', cfg) == 'names for classes=FILE'
    path.write_text("split = {{'$SPLIT:1'}}\n")
    assert with_environment('the splits of x=3', load_run_config(str(path))) == 'the splits of x=3'
    path.write_text("features = dict(width={{'$FEATURE_WIDTH:10'}})\n")
    told = with_environment('features of a: width=10 is expected', load_run_config(str(path)))
    assert told.endswith('put FEATURE_WIDTH=NUMBER before the command')
    wrong = 'features of a: their width is 96, but width=10 is expected'
    told = with_environment(wrong, load_run_config(str(path)))
    assert told.endswith('put FEATURE_WIDTH=96 before the command')
    assert with_environment('set num_classes=3', Config({})) == 'set num_classes=3'


def test_a_missing_folder_is_told_with_its_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / 'own.py'
    path.write_text("a = '{{$LIST_DIR:data/own}}'\nb = '{{$VIDEO_DIR:data/own/videos}}'\n")
    cfg = load_run_config(str(path))
    videos = 'no such folder of videos: data/own/videos in /here'
    cure = 'FOLDER before the command names another folder'
    assert with_environment(videos, cfg) == f'{videos}; VIDEO_DIR={cure}'
    lists = 'cannot read data/own/train.csv: No such file or directory'
    assert with_environment(lists, cfg) == f'{lists}; LIST_DIR={cure}'
    wrong = 'data/own/train.csv:3: label 5 is outside 0..3'
    assert with_environment(wrong, cfg) == wrong
    monkeypatch.setenv('VIDEO_DIR', 'elsewhere')
    assert with_environment("'elsewhere/a.mp4': no such file", cfg).endswith(f'VIDEO_DIR={cure}')


def test_amp_replaces_the_plain_wrapper_only(config: Path) -> None:
    cfg = load_run_config(str(config))
    enable_amp(cfg)
    enable_amp(cfg)
    assert cfg.optim_wrapper.type == 'AmpOptimWrapper'
    cfg.optim_wrapper.type = 'ApexOptimWrapper'
    with pytest.raises(ValueError, match='ApexOptimWrapper'):
        enable_amp(cfg)


def test_resumes_from_the_newest_or_the_named_checkpoint(tmp_path: Path) -> None:
    path = tmp_path / 'epoch_1.pth'
    path.touch()
    cfg = Config({'load_from': 'elsewhere.pth', 'resume': False, 'work_dir': str(tmp_path)})
    resume_from(cfg, 'auto')
    assert (cfg.resume, cfg.load_from) == (False, 'elsewhere.pth')  # a first start
    (tmp_path / 'last_checkpoint').write_text(str(path))
    resume_from(cfg, 'auto')
    assert (cfg.resume, cfg.load_from) == (True, None)
    resume_from(cfg, str(path))
    assert (cfg.resume, cfg.load_from) == (True, str(path))
    moved = tmp_path.rename(tmp_path.with_name(f'{tmp_path.name}_moved'))
    resume_from(cfg, str(moved))
    assert (cfg.resume, cfg.load_from) == (True, str(moved / path.name))


def test_what_the_toolbox_refuses_is_told_plainly_and_bugs_are_not() -> None:
    def caught(run: Callable[[], object]) -> Exception:
        with pytest.raises(ValueError) as caught:
            run()
        return caught.value

    ours = caught(lambda: MODELS.build({**tiny_vit(), 'num_frames': 5}))
    assert 'do not divide into cubes' in str(plain_message(ours))
    theirs = caught(lambda: np.zeros(3).reshape(2, 2))
    assert plain_message(theirs) is None


def test_only_errors_of_data_and_loss_are_told_plainly() -> None:
    assert plain_message(NonFiniteLossError('loss')) == 'loss'
    worker = RuntimeError('Caught it in a worker.\nTrace\nroom.VideoReadError: bad a.mp4: cut\n')
    assert plain_message(worker) == 'bad a.mp4: cut'
    assert plain_message(RuntimeError('mat1 and mat2 do not fit')) is None


class Samples(Dataset):
    """Samples that all fail in the same way."""

    def __init__(self, fail: Callable[[], Any]) -> None:
        self.fail = fail

    def __len__(self) -> int:
        return 1

    def __getitem__(self, row: int) -> Any:
        return self.fail()


def test_errors_of_workers_are_told_like_those_of_the_process() -> None:
    """Torch raises them again, with the worker's traceback in the message."""

    def caught(fail: Callable[[], Any]) -> Exception:
        with pytest.raises(ValueError) as caught:
            next(iter(DataLoader(Samples(fail), num_workers=1)))
        assert 'in DataLoader worker process' in str(caught.value)
        return caught.value

    outside = {'total_frames': 9, 'fps': 1.0, 'second': 12, 'video_id': 'a'}
    ours = caught(lambda: SampleKeyFrameClip().transform(dict(outside)))
    told = str(plain_message(ours))
    assert told.startswith("video 'a': timestamp 12 lies outside it") and '\n' not in told
    assert plain_message(caught(lambda: np.zeros(3).reshape(2, 2))) is None
