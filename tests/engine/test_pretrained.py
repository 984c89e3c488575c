"""Contract: init_cfg=Pretrained loads complete weights of any format into models and parts."""

from pathlib import Path
from typing import Any

import pytest
import torch
from mmengine.registry import init_default_scope
from torch import nn

from mmvideomae.checkpoints import CheckpointError
from mmvideomae.registry import MODELS
from tests.support.models import tiny_videomae, tiny_vit
from tests.support.weight_files import PRETRAINERS
from tests.support.weights import randomise


@pytest.fixture(autouse=True)
def scope() -> None:
    init_default_scope('mmvideomae')


@pytest.fixture
def source() -> nn.Module:
    init_default_scope('mmvideomae')
    model = MODELS.build(tiny_videomae())
    randomise(model)
    return model


def from_file(path: Path, **options: Any) -> dict[str, Any]:
    return {'type': 'Pretrained', 'checkpoint': str(path), **options}


@pytest.mark.parametrize('kind', PRETRAINERS)
@pytest.mark.parametrize('prefix', [None, 'backbone.', 'backbone'])
def test_an_encoder_starts_from_a_pre_trained_file(
    source: nn.Module, tmp_path: Path, kind: str, prefix: str | None
) -> None:
    path = PRETRAINERS[kind](source.state_dict(), tmp_path)
    encoder = MODELS.build({**tiny_vit('avg'), 'init_cfg': from_file(path, prefix=prefix)})
    encoder.init_weights()
    for key, value in encoder.state_dict().items():
        if not key.startswith('fc_norm'):
            assert torch.equal(value, source.backbone.state_dict()[key]), key


def test_a_whole_model_starts_from_a_file(source: nn.Module, tmp_path: Path) -> None:
    path = PRETRAINERS['hf5'](source.state_dict(), tmp_path)
    model = MODELS.build({**tiny_videomae(), 'init_cfg': from_file(path)})
    model.init_weights()
    assert all(torch.equal(v, source.state_dict()[k]) for k, v in model.state_dict().items())


def test_what_does_not_fit_is_an_error(source: nn.Module, tmp_path: Path) -> None:
    path = PRETRAINERS['official'](source.state_dict(), tmp_path)
    wide = {**tiny_vit('avg'), 'arch': {'embed_dims': 48, 'depth': 2, 'num_heads': 2}}
    for prefix in (None, 'backbone.'):
        encoder = MODELS.build({**wide, 'init_cfg': from_file(path, prefix=prefix)})
        with pytest.raises(CheckpointError, match='width 32 against 48'):
            encoder.init_weights()
    encoder = MODELS.build({**tiny_vit('avg'), 'init_cfg': from_file(path, prefix='student.')})
    with pytest.raises(CheckpointError, match=r'has no weight named student\.\*'):
        encoder.init_weights()


def test_other_networks_are_left_to_mmengine(tmp_path: Path) -> None:
    cfg = {'type': 'ResNet', 'depth': 18, 'norm_eval': False}
    network = MODELS.build(cfg)
    half = {k: v for k, v in network.state_dict().items() if k.startswith(('conv1', 'layer1'))}
    torch.save({'state_dict': half}, tmp_path / 'x.pth')
    other = MODELS.build({**cfg, 'init_cfg': from_file(tmp_path / 'x.pth')})
    other.init_weights()
    assert all(torch.equal(other.state_dict()[key], value) for key, value in half.items())
