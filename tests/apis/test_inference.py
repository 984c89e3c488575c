"""Contract: init_model gives a model with exactly the checkpoint's weights, or an explanation."""

import datetime
from pathlib import Path

import pytest
import torch
from mmengine import Config

from mmvideomae.apis import inference, init_model
from mmvideomae.checkpoints import CheckpointError
from mmvideomae.registry import MODELS
from tests.support.models import tiny_videomae, tiny_vit
from tests.support.weight_files import PRETRAINERS


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / 'tiny config.py'
    Config({'default_scope': 'mmvideomae', 'model': tiny_videomae()}).dump(path)
    return path


@pytest.fixture
def weights() -> dict[str, torch.Tensor]:
    torch.manual_seed(5)
    return MODELS.build(tiny_videomae()).state_dict()


@pytest.mark.parametrize('wrapped', ['state_dict', 'bare', 'ddp', 'compiled'])
def test_weights_come_from_the_checkpoint(
    config: Path, weights: dict[str, torch.Tensor], tmp_path: Path, wrapped: str
) -> None:
    prefix = {'ddp': 'module.', 'compiled': '_orig_mod.'}.get(wrapped, '')
    content = {prefix + key: value for key, value in weights.items()}
    if wrapped != 'bare':
        content = {'state_dict': content, 'meta': {'epoch': 3}}
    torch.save(content, tmp_path / 'x.pth')
    model = init_model(config, tmp_path / 'x.pth', device='cpu')
    assert not model.training
    assert all(torch.equal(value, weights[key]) for key, value in model.state_dict().items())
    assert model.cfg.model.head.normalise == 'per_channel'


def test_config_object_is_not_changed(config: Path) -> None:
    cfg = Config.fromfile(config)
    model = init_model(cfg, device='cpu', cfg_options={'model.neck.depth': 1})
    assert len(model.neck.blocks) == 1 and model.cfg.model.neck.depth == 1
    assert cfg.model.neck.depth == 2


def test_keys_that_do_not_fit_are_named(
    config: Path, weights: dict[str, torch.Tensor], tmp_path: Path
) -> None:
    weights['backbone.more'] = weights['head.proj.bias']
    torch.save(weights, tmp_path / 'x.pth')
    with pytest.raises(ValueError, match=r'the model has no backbone\.more'):
        init_model(config, tmp_path / 'x.pth', device='cpu')
    with pytest.raises(ValueError, match=r'and \d+ more'):
        init_model(
            config, tmp_path / 'x.pth', 'cpu', {'model.neck.depth': 3, 'model.head.in_dims': 16}
        )


def test_shapes_that_do_not_fit_are_named(
    config: Path, weights: dict[str, torch.Tensor], tmp_path: Path
) -> None:
    torch.save(weights, tmp_path / 'x.pth')
    options = {'model.head.in_channels': 4}
    with pytest.raises(ValueError, match=r'x\.pth does not fit VideoMAE: .*head\.proj'):
        init_model(config, tmp_path / 'x.pth', 'cpu', options)


def test_unsafe_and_unreadable_files_are_refused(config: Path, tmp_path: Path) -> None:
    torch.save({'state_dict': {}, 'when': datetime.timezone.utc}, tmp_path / 'code.pth')
    with pytest.raises(CheckpointError, match=r'code\.pth is refused: .*datetime\.timedelta'):
        init_model(config, tmp_path / 'code.pth')
    torch.save({'epoch': 3}, tmp_path / 'empty.pth')
    with pytest.raises(CheckpointError, match=r'empty\.pth holds no weights'):
        init_model(config, tmp_path / 'empty.pth')
    with pytest.raises(FileNotFoundError, match='missing'):
        init_model(config, tmp_path / 'missing.pth')


@pytest.mark.parametrize('kind', PRETRAINERS)
def test_weights_of_other_projects(
    config: Path, weights: dict[str, torch.Tensor], tmp_path: Path, kind: str
) -> None:
    model = init_model(config, PRETRAINERS[kind](weights, tmp_path), device='cpu')
    assert all(torch.equal(value, weights[key]) for key, value in model.state_dict().items())


def test_rows_of_the_head_are_those_of_the_label_map(tmp_path: Path) -> None:
    def config_of(classes: int) -> Config:
        return Config(
            {
                'default_scope': 'mmvideomae',
                'model': {
                    'type': 'Recognizer3D',
                    'backbone': tiny_vit('avg'),
                    'cls_head': {'type': 'LinearHead', 'num_classes': classes, 'in_channels': 32},
                    'data_preprocessor': {'type': 'ActionDataPreprocessor'},
                },
            }
        )

    large = init_model(config_of(7), device='cpu')
    torch.save(large.state_dict(), tmp_path / 'large.pth')
    (tmp_path / 'map.json').write_text('[6, 0, 3]')
    small = config_of(3)
    with pytest.raises(CheckpointError, match=r'head has 7 classes, but the model 3'):
        init_model(small, tmp_path / 'large.pth', device='cpu')
    small.default_hooks = {'head_rows': {'label_map': str(tmp_path / 'map.json')}}
    model = init_model(small, tmp_path / 'large.pth', device='cpu')
    expected = large.cls_head.fc_cls.weight[[6, 0, 3]]
    assert torch.equal(model.cls_head.fc_cls.weight, expected)


def test_the_variable_of_a_wrong_class_count_is_named(tmp_path: Path) -> None:
    model = {'type': 'Recognizer3D', 'backbone': tiny_vit('avg')}
    model['cls_head'] = {'type': 'LinearHead', 'num_classes': 'N', 'in_channels': 32}
    text = repr(model).replace("'N'", "{{'$NUM_CLASSES:3'}}")
    config = tmp_path / 'own.py'
    config.write_text(f"default_scope = 'mmvideomae'\nmodel = {text}\n")
    options = {'model.cls_head.num_classes': 7}
    large = init_model(config, device='cpu', cfg_options=options)
    torch.save(large.state_dict(), tmp_path / 'large.pth')
    with pytest.raises(CheckpointError, match='put NUM_CLASSES=7 before the command'):
        init_model(config, tmp_path / 'large.pth', device='cpu')


def test_config_and_device_errors(config: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match='has no model'):
        init_model(Config({'default_scope': 'mmvideomae'}))
    with pytest.raises(FileNotFoundError, match=r'missing\.py'):
        init_model(tmp_path / 'missing.py')
    with pytest.raises(ValueError, match="device 'nowhere'"):
        init_model(config, device='nowhere')


@pytest.mark.parametrize(
    ('kind', 'device'),
    [('cuda', 'cuda:3'), ('npu', 'npu:3'), ('mps', None), ('cpu', None)],
)
def test_a_process_takes_its_own_device(
    monkeypatch: pytest.MonkeyPatch, kind: str, device: str | None
) -> None:
    monkeypatch.setattr(inference, 'get_device', lambda: kind)
    assert inference.process_device(None) is None
    monkeypatch.setenv('LOCAL_RANK', '3')
    assert inference.process_device(None) == device
    assert inference.process_device('cpu') == 'cpu'


def test_a_model_goes_where_a_runner_would_take_it(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inference, 'get_device', lambda: 'meta')
    assert next(init_model(config).parameters()).device.type == 'meta'
