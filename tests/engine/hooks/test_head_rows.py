"""Contract: load_from accepts weights of any format, and skips none silently."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.runner import Runner
from torch import nn
from torch.utils.data import Dataset

from mmvideomae.checkpoints import CheckpointError
from mmvideomae.registry import DATASETS, MODELS
from tests.support.models import tiny_videomae, tiny_vit
from tests.support.weight_files import CLASSIFIERS, PRETRAINERS
from tests.support.weights import randomise


@DATASETS.register_module(force=True)
class ToyLabelled(Dataset):
    """Two clips of noise with their labels."""

    def __len__(self) -> int:
        return 2

    def __getitem__(self, index: int) -> dict[str, Any]:
        from mmaction.structures import ActionDataSample

        clip = torch.zeros(1, 3, 4, 32, 32, dtype=torch.uint8) + index
        return {'inputs': clip, 'data_samples': ActionDataSample().set_gt_label(index)}


def recognizer(classes: int = 5) -> dict[str, Any]:
    return {
        'type': 'Recognizer3D',
        'backbone': tiny_vit('avg'),
        'cls_head': {'type': 'LinearHead', 'num_classes': classes, 'in_channels': 32},
        'data_preprocessor': {
            'type': 'ActionDataPreprocessor',
            'mean': [0, 0, 0],
            'std': [1, 1, 1],
            'format_shape': 'NCTHW',
        },
    }


def built(cfg: dict[str, Any], seed: int = 0) -> nn.Module:
    init_default_scope('mmvideomae')
    model = MODELS.build(cfg)
    randomise(model, seed)
    return model


@pytest.fixture
def fine_tune(run_config: Callable[..., Config]) -> Callable[..., Config]:
    """Config of one epoch of fine-tuning, at a learning rate that changes nothing."""

    def build(load_from: Path, classes: int = 5, **overrides: Any) -> Config:
        loader = {
            'batch_size': 2,
            'num_workers': 0,
            'sampler': {'type': 'DefaultSampler', 'shuffle': False},
            'dataset': {'type': 'ToyLabelled'},
        }
        cfg = run_config(load_from=str(load_from), train_cfg={'max_epochs': 1})
        cfg.model = recognizer(classes)
        cfg.train_dataloader = {**loader, 'collate_fn': {'type': 'pseudo_collate'}}
        cfg.test_dataloader = cfg.train_dataloader
        cfg.test_evaluator = {'type': 'AccMetric'}
        cfg.test_cfg = {'type': 'TestLoop'}
        cfg.optim_wrapper = {
            'type': 'OptimWrapper',
            'optimizer': {'type': 'AdamW', 'lr': 0.0, 'weight_decay': 0.0},
        }
        cfg.auto_scale_lr = None
        cfg.merge_from_dict(overrides)
        return cfg

    return build


@pytest.mark.parametrize('kind', PRETRAINERS)
def test_training_starts_from_any_pre_trained_file(
    fine_tune: Callable[..., Config], train: Callable[[Config], Runner], tmp_path: Path, kind: str
) -> None:
    source = built(tiny_videomae())
    runner = train(fine_tune(PRETRAINERS[kind](source.state_dict(), tmp_path)))
    for key, value in runner.model.state_dict().items():
        if key.startswith(('backbone.patch', 'backbone.blocks')):
            assert torch.equal(value, source.state_dict()[key]), key


def test_head_rows_are_selected_and_the_log_says_so(
    fine_tune: Callable[..., Config], train: Callable[[Config], Runner], tmp_path: Path
) -> None:
    source = built(recognizer(9))
    path = CLASSIFIERS['official-module'](source.half().state_dict(), tmp_path)
    (tmp_path / 'map.json').write_text(json.dumps([8, 1, 4]))
    label_map = {'default_hooks.head_rows.label_map': str(tmp_path / 'map.json')}
    runner = train(fine_tune(path, 3, **label_map))
    expected = source.cls_head.fc_cls.weight[[8, 1, 4]].float()
    assert torch.equal(runner.model.cls_head.fc_cls.weight, expected)
    log = next(Path(runner.work_dir).rglob('*.log')).read_text()
    assert f'head: 3 of its 9 rows selected by {tmp_path / "map.json"}' in log


def test_testing_wants_a_head_that_fits(fine_tune: Callable[..., Config], tmp_path: Path) -> None:
    path = CLASSIFIERS['official'](built(recognizer(9)).state_dict(), tmp_path)
    with pytest.raises(CheckpointError, match='its head has 9 classes, but the model 5'):
        Runner.from_cfg(fine_tune(path)).test()
    scores = Runner.from_cfg(fine_tune(path, 9, experiment_name='fits')).test()
    assert 'acc/top1' in scores


def test_another_architecture_stops_the_run(
    fine_tune: Callable[..., Config], tmp_path: Path
) -> None:
    path = CLASSIFIERS['hf5-safetensors'](built(recognizer()).state_dict(), tmp_path)
    deeper = {'model.backbone.arch.depth': 3}
    with pytest.raises(CheckpointError, match='another architecture: depth 2 against 3'):
        Runner.from_cfg(fine_tune(path, **deeper)).train()


def test_a_run_resumes_and_bare_weights_do_not(
    fine_tune: Callable[..., Config], train: Callable[[Config], Runner], tmp_path: Path
) -> None:
    path = CLASSIFIERS['official'](built(recognizer()).state_dict(), tmp_path)
    first = train(fine_tune(path))
    last = Path(first.work_dir) / 'epoch_1.pth'
    more = fine_tune(last, resume=True, train_cfg={'max_epochs': 2}, experiment_name='again')
    resumed = train(more)
    assert resumed.epoch == 2
    bare = fine_tune(path, resume=True, experiment_name='bare')
    with pytest.raises(CheckpointError, match='holds weights but no run to resume'):
        Runner.from_cfg(bare).train()
    # mmengine alone would warn and train on with a new head.
    changed = fine_tune(last, 4, resume=True, experiment_name='changed')
    with pytest.raises(CheckpointError, match=r'is \(5, 32\), but \(4, 32\) in the model'):
        Runner.from_cfg(changed).train()


def test_the_averaged_weights_start_from_the_file_too(
    fine_tune: Callable[..., Config], train: Callable[[Config], Runner], tmp_path: Path
) -> None:
    source = built(recognizer())
    path = CLASSIFIERS['mmaction2'](source.state_dict(), tmp_path)
    ema = [{'type': 'EMAHook', 'momentum': 0.1}]
    runner = train(fine_tune(path, custom_hooks=ema))
    (hook,) = (hook for hook in runner.hooks if type(hook).__name__ == 'EMAHook')
    averaged = hook.ema_model.module.state_dict()
    for key, value in source.state_dict().items():
        torch.testing.assert_close(averaged[key], value, rtol=1e-6, atol=1e-7)
