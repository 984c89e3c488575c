"""Contract: VIMPAC runs resume exactly, and the second stage continues from the first."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch import Tensor
from torch.nn import functional as F

from mmvideomae.engine.continuation import ResumeError
from tests.support.codes import tiny_code_encoder, tiny_vimpac

Train = Callable[[Config], Runner]
MakeConfig = Callable[..., Config]
Settings = dict[str, Any]
LR = 3e-4


def run(make: MakeConfig, name: str, size: int = 4, **options: Any) -> Config:
    """Config of a VIMPAC that drops out, for clips of 4 frames of ``size`` x ``size`` codes."""
    encoder = tiny_code_encoder(grid_size=(4, size, size), drop_rate=0.1, attn_drop_rate=0.1)
    linear = {'_delete_': True, 'type': 'WarmupLinearLR', 'warmup_share': 0.25, 'by_epoch': True}
    cfg = make(
        name,
        model={'_delete_': True, **tiny_vimpac(backbone=encoder)},
        param_scheduler={**linear, 'convert_to_iter_based': True},
        optim_wrapper={'optimizer': {'lr': LR}, 'clip_grad': {'max_norm': 1.0}},
    )
    cfg.merge_from_dict({'train_dataloader': {'dataset': {'type': 'ToyCodes', 'size': size}}})
    cfg.merge_from_dict(options)
    return cfg


@pytest.mark.parametrize(('workers', 'iteration'), [(0, 2), (2, 8)])
def test_resumes_exactly_in_the_middle_of_an_epoch(
    workers: int, iteration: int, run_config: MakeConfig, train: Train, tmp_path: Path
) -> None:
    options = {
        'default_hooks': {'checkpoint': {'by_epoch': False, 'interval': 2}},
        'optim_wrapper': {'accumulative_counts': 2},
        'train_dataloader': {'num_workers': workers},
    }
    whole = train(run(run_config, 'whole', **options)).model.state_dict()
    source = str(tmp_path / 'whole' / f'iter_{iteration}.pth')
    cfg = run(run_config, 'resumed', resume=True, load_from=source, **options)
    found = train(cfg).model.state_dict()
    assert found.keys() == whole.keys()
    assert all(torch.equal(value, whole[key]) for key, value in found.items())
    assert 'contrast.mlp.bn_0.running_var' in whole


NEXT = {'default_hooks': {'next_stage': {'type': 'NextStageHook'}}}
# 12 videos in updates of 4: three in an epoch, of which 2 of 4 have been made at first.
FIRST: Settings = {
    'train_dataloader': {'batch_size': 4},
    'train_cfg': {'max_epochs': 2},
    'param_scheduler': {'end': 4},
}
SECOND: Settings = {
    'train_dataloader': {'batch_size': 2},
    'optim_wrapper': {'accumulative_counts': 2},
    'train_cfg': {'max_epochs': 4},
    'param_scheduler': {'end': 4},
    **NEXT,
}


@pytest.fixture(scope='module')
def first(shared_run_config: MakeConfig) -> str:
    """The last checkpoint of a first stage."""
    cfg = run(shared_run_config, 'first', **FIRST)
    Runner.from_cfg(cfg).train()
    return str(Path(cfg.work_dir) / 'epoch_2.pth')


def stretched(table: Tensor, size: int) -> Tensor:
    return F.interpolate(table.T[None], size, mode='linear', align_corners=False)[0].T


class Watch(Hook):
    """Keep weights and moments as training begins, and the rates of all iterations."""

    def __init__(self) -> None:
        self.rates: list[float] = []
        self.weights: dict[str, Tensor] = {}
        self.moments: dict[str, dict[str, Tensor]] = {}

    def before_train_iter(self, runner: Runner, *args: Any, **kwargs: Any) -> None:
        self.rates.append(runner.optim_wrapper.param_groups[0]['lr'])
        if self.weights:
            return
        state = runner.optim_wrapper.optimizer.state
        for name, parameter in runner.model.named_parameters():
            self.weights[name] = parameter.detach().clone()
            if parameter in state:
                self.moments[name] = {key: v.clone() for key, v in state[parameter].items()}


def test_the_second_stage_takes_over_positions_moments_and_rate(
    first: str, run_config: MakeConfig
) -> None:
    cfg = run(run_config, 'second', 8, resume=True, load_from=first, **SECOND)
    runner = Runner.from_cfg(cfg)
    seen = Watch()
    runner.register_hook(seen)
    runner.train()
    assert runner.epoch == 4
    saved = torch.load(first, weights_only=False)
    weights, kept = saved['state_dict'], saved['optimizer']
    for axis in ('height', 'width'):
        name = f'backbone.pos_embed.{axis}'
        assert torch.equal(seen.weights[name], stretched(weights[name], 8))
        # The one moment of its shape and value.
        for moment in ('exp_avg', 'exp_avg_sq'):
            before = [s[moment] for s in kept['state'].values() if s[moment].shape == (4, 32)]
            found = seen.moments[name][moment]
            assert found.shape == (8, 32)
            assert any(torch.equal(found, stretched(value, 8)) for value in before)
    for name in ('backbone.pos_embed.time', 'backbone.embedding.weight', 'head.bias'):
        assert torch.equal(seen.weights[name], weights[name])
    # 12 updates in all, 3 of which warm up; 6 are done, and each is of two iterations.
    expected = [LR * (12 - update) / 9 for update in range(6, 12) for _ in range(2)]
    assert seen.rates == pytest.approx(expected, rel=1e-9)


def test_the_second_stage_resumes_itself(
    first: str, run_config: MakeConfig, train: Train, tmp_path: Path
) -> None:
    inside = {'checkpoint': {'by_epoch': False, 'interval': 2}, **NEXT['default_hooks']}
    options = {**SECOND, 'default_hooks': inside}
    whole = train(run(run_config, 'second', 8, resume=True, load_from=first, **options))
    source = str(tmp_path / 'second' / 'iter_16.pth')
    again = train(run(run_config, 'again', 8, resume=True, load_from=source, **options))
    expected = whole.model.state_dict()
    assert all(torch.equal(v, expected[k]) for k, v in again.model.state_dict().items())


@pytest.mark.parametrize(
    ('change', 'told'),
    [
        ({'optim_wrapper': {'accumulative_counts': 4}}, 'an update had 4 samples .* and now has 8'),
        (
            {
                'train_dataloader': {'batch_size': 1},
                'optim_wrapper': {'accumulative_counts': 4},
                'optim_wrapper.optimizer.lr': 1e-3,
            },
            'lr of the optimizer.* was 0.0003 and is now 0.001',
        ),
    ],
)
def test_refuses_another_training_in_one_line(
    change: Settings, told: str, first: str, run_config: MakeConfig, train: Train
) -> None:
    cfg = run(run_config, 'second', 8, resume=True, load_from=first, **SECOND)
    cfg.merge_from_dict(change)
    with pytest.raises(ValueError, match=told) as caught:
        train(cfg)
    assert '\n' not in str(caught.value)


def test_without_the_hook_sizes_are_compared(
    first: str, run_config: MakeConfig, train: Train
) -> None:
    cfg = run(run_config, 'second', 8, resume=True, load_from=first, **SECOND)
    del cfg.default_hooks['next_stage']
    with pytest.raises(ValueError, match=r'pos_embed.height is \(4, 32\), but \(8, 32\)'):
        train(cfg)


def test_epochs_have_as_many_samples(run_config: MakeConfig, train: Train, tmp_path: Path) -> None:
    data = {'drop_last': True, 'dataset': {'length': 15}}
    train(run(run_config, 'first', **{**FIRST, 'train_dataloader': {'batch_size': 4, **data}}))
    source = str(tmp_path / 'first' / 'epoch_2.pth')
    options = {**SECOND, 'train_dataloader': {'batch_size': 2, **data}}
    with pytest.raises(ResumeError, match=r'an epoch had 12 samples .* and now has 14 .*round_to'):
        train(run(run_config, 'second', 8, resume=True, load_from=source, **options))
    options['train_dataloader']['sampler'] = {'round_to': 4}
    cfg = run(run_config, 'rounded', 8, resume=True, load_from=source, **options)
    assert train(cfg).iter == 2 * 6 + 2 * 6
