"""Contract: features that become the same are noticed once, others are not."""

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from mmengine.config import Config
from mmengine.runner import Runner

from mmvideomae.engine.hooks.collapse import spread_and_rank
from mmvideomae.registry import DATASETS
from tests.support.latent import tiny_latent
from tests.support.models import tiny_vit

MakeConfig = Callable[..., Config]


def test_rank_and_spread_of_known_features() -> None:
    torch.manual_seed(0)
    same = torch.randn(1, 16).expand(6, -1)
    spread, rank = spread_and_rank([same, same])
    assert spread == pytest.approx(0, abs=1e-6) and rank == pytest.approx(1, abs=0.01)
    line = torch.randn(8, 1) * torch.randn(1, 16)
    assert spread_and_rank([line])[1] == pytest.approx(1, abs=0.01)
    # Two batches with different means: what changes between batches does not count.
    orthogonal = torch.eye(16)[:4] - 0.25
    assert spread_and_rank([orthogonal, orthogonal + 5])[1] == pytest.approx(3, rel=0.1)
    wide = torch.randn(2000, 16)
    spread, rank = spread_and_rank([wide])
    assert spread == pytest.approx(1, rel=0.05) and rank == pytest.approx(16, rel=0.05)
    shifted = wide + 10
    assert spread_and_rank([shifted])[0] == pytest.approx(1 / math.sqrt(101), rel=0.05)


def run(make: MakeConfig, name: str, **overrides: Any) -> Config:
    """A student that learns its own features, of clips of noise."""
    model = tiny_latent('mse', momentum=0.0, normalise='none', width=32)
    cfg = make(name, model={'_delete_': True, **model})
    cfg.merge_from_dict(
        {
            'default_hooks': {'teacher': {'type': 'TeacherHook'}},
            'train_dataloader': {'batch_size': 6},
            'train_cfg': {'max_epochs': 10},
            'param_scheduler': {'warmup': 0, 'eta_min_ratio': 1.0},
            **overrides,
        }
    )
    return cfg


WATCH = {'default_hooks.collapse': {'type': 'FeatureCollapseHook', 'interval': 4, 'clips': 12}}
# Its weights, and with them what depends on the clip, fade next to the fixed positions.
FADING = {'optim_wrapper.optimizer': {'lr': 1e-4, 'weight_decay': 3000.0}}


def trained(cfg: Config, monkeypatch: pytest.MonkeyPatch) -> tuple[Runner, list[str]]:
    runner = Runner.from_cfg(cfg)
    told: list[str] = []
    monkeypatch.setattr(runner.logger, 'warning', lambda text, *_: told.append(text))
    runner.train()
    return runner, [text for text in told if 'almost the same' in text]


def test_a_run_that_collapses_is_noticed_once(
    run_config: MakeConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    runner, told = trained(run(run_config, 'run', **WATCH, **FADING), monkeypatch)
    assert len(told) == 1 and 'no longer tells videos apart' in told[0]
    assert runner.message_hub.get_scalar('train/feature_spread').current() < 1e-3


def test_a_sound_run_is_left_alone(run_config: MakeConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    few = {'train_cfg.max_epochs': 4}
    plain, _ = trained(run(run_config, 'plain', **few), monkeypatch)
    watched, told = trained(run(run_config, 'watched', **WATCH, **few), monkeypatch)
    assert told == []
    assert len(watched.message_hub.get_scalar('train/feature_rank').data[0]) == 2
    expected = plain.model.state_dict()
    found = watched.model.state_dict()
    assert all(torch.equal(value, expected[key]) for key, value in found.items())


def unmasked(get: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    """Samples without masks."""
    return lambda self, index: {k: v for k, v in get(self, index).items() if 'mask' not in k}


def test_an_encoder_that_pools_its_tokens_is_watched_too(
    run_config: MakeConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    mlp = {'type': 'NormalizedMLP', 'hidden_dims': 8, 'out_dims': 4}
    model = {
        'type': 'MoCoV3',
        'backbone': {**tiny_vit(), 'out_type': 'avg'},
        'projector': mlp,
        'predictor': mlp,
        'momentum': {'start': 0.9},
    }
    cfg = run(run_config, 'run', **WATCH)
    cfg.model, cfg.train_cfg.max_epochs = model, 4
    toy = DATASETS.get('ToyClips')
    monkeypatch.setattr(toy, '__getitem__', unmasked(toy.__getitem__))
    runner, told = trained(cfg, monkeypatch)
    assert runner.message_hub.get_scalar('train/feature_rank').current() > 1 and not told
