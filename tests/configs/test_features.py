"""Configs of encoders of other libraries build, have the width that they state, and are listed."""

from pathlib import Path

import pytest
import torch
from mmengine import Config
from mmengine.registry import DefaultScope
from torch import nn

from mmvideomae.apis.features.resolved import resolve_settings
from mmvideomae.registry import MODELS
from tests.support.leaves import CONFIGS, header, listed, load

FOLDER = CONFIGS / 'features'


@pytest.mark.parametrize('path', sorted(FOLDER.glob('*.py')), ids=lambda path: path.stem)
def test_the_config_builds_and_says_what_it_is(path: Path) -> None:
    cfg, (_, row) = load(path), listed(FOLDER)[path.stem]
    if cfg.model.backbone.type == 'HFVideoBackbone':  # the same sizes, without the hub
        pytest.importorskip('transformers', minversion='5.0')
        assert cfg.model.backbone.source == 'facebook/vjepa2-vitl-fpc64-256'
        source = {'model_type': 'vjepa2', 'hidden_size': 1024, 'num_hidden_layers': 24}
        cfg.model.backbone.update(source=source, pretrained=False)
    model = built(cfg)
    assert f'| {model.backbone.embed_dims} |' in row and cfg.model.backbone.frozen
    settings = resolve_settings(model)
    assert (settings.window, settings.interval) == (cfg.features.window, cfg.features.interval)
    assert settings.resize == 'smooth' and settings.size in (224, 256)
    text = header(path)
    licence = row.rstrip(' |').rpartition(' ')[2]
    assert f'configs/features/{path.name} own VIDEOS OUT' in text and f'{licence} licence' in text


def built(cfg: Config) -> nn.Module:
    with DefaultScope.overwrite_default_scope('mmvideomae'), torch.device('meta'):
        model = MODELS.build(cfg.model)
    model.cfg = cfg
    return model
