"""Contract: a resumed run follows its config's schedule, and refuses changes it cannot follow."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from mmengine.config import Config
from mmengine.runner import Runner

from mmvideomae.engine.continuation import ResumeError, data_fingerprint

Train = Callable[[Config], Runner]
MakeConfig = Callable[..., Config]

CHAIN = [
    {'type': 'LinearLR', 'start_factor': 0.1, 'end': 3, 'by_epoch': False},
    {'type': 'CosineAnnealingLR', 'begin': 1, 'convert_to_iter_based': True},
    {'type': 'CosineAnnealingMomentum', 'by_epoch': True, 'eta_min': 0.1},
]
SCHEDULES = {
    'by iteration': {},
    'by epoch': {'param_scheduler': {'convert_to_iter_based': False}},
    'accumulated': {'optim_wrapper': {'accumulative_counts': 3}},
    'a chain of mmengine': {
        'param_scheduler': {'_delete_': True, 'chain': CHAIN},  # unpacked below
    },
}


def build(make: MakeConfig, name: str, schedule: str, **options: Any) -> Config:
    chosen = {**SCHEDULES[schedule], **options}
    chain = chosen.pop('param_scheduler', {})
    cfg = make(name, default_hooks={'checkpoint': {'interval': 1}}, **chosen)
    cfg.param_scheduler = chain.get('chain') or {**cfg.param_scheduler, **chain}
    return cfg


def rates(runner: Runner, begin: int = 0) -> list[float]:
    """Base rate of every iteration from `begin` on; two runs of one second share the log."""
    lines = (Path(runner.log_dir) / 'vis_data' / 'scalars.json').read_text().splitlines()
    logged = [Config.fromstring(line, '.json') for line in lines]
    return [line['base_lr'] for line in logged if line['step'] > begin]


def settings(runner: Runner) -> list[dict[str, Any]]:
    groups = runner.optim_wrapper.optimizer.param_groups
    return [{key: group[key] for key in group if key != 'params'} for group in groups]


@pytest.mark.parametrize('schedule', SCHEDULES)
def test_a_longer_run_is_that_of_the_longer_schedule(
    schedule: str, run_config: MakeConfig, train: Train
) -> None:
    whole = train(build(run_config, 'straight', schedule, train_cfg={'max_epochs': 4}))
    straight = rates(whole)
    train(build(run_config, 'run', schedule))
    runner = train(build(run_config, 'run', schedule, train_cfg={'max_epochs': 4}, resume=True))
    assert rates(runner, 12) == straight[12:]
    assert settings(runner) == settings(whole)
    assert len(straight) == 24
    assert len(set(straight)) > 3
    log = next(Path(runner.log_dir).glob('*.log')).read_text()
    assert 'had max_epochs=2, but the config has 4' in log


def test_a_checkpoint_without_schedules_starts_where_it_stands(
    run_config: MakeConfig, train: Train
) -> None:
    hooks = {'checkpoint': {'interval': 1, 'save_param_scheduler': False}}
    straight = rates(train(run_config('straight', default_hooks=hooks)))
    train(run_config(default_hooks=hooks, train_cfg={'max_epochs': 1}))
    assert rates(train(run_config(default_hooks=hooks, resume=True)), 6) == straight[6:]


@pytest.mark.parametrize(
    ('change', 'told'),
    [
        ({'optim_wrapper': {'optimizer': {'lr': 0.5}}}, 'lr of .* was 0.0012 and is now 0.5'),
        (
            {'optim_wrapper': {'optimizer': {'weight_decay': 0.1}}},
            'weight_decay of .* was 0.05 and is now 0.1',
        ),
        (
            {'optim_wrapper': {'optimizer': {'betas': (0.8, 0.95)}}},
            r'betas of .* was \(0.9, 0.95\) and is now \(0.8, 0.95\)',
        ),
        (
            {'optim_wrapper': {'accumulative_counts': 2}},
            r'an update had 2 samples .* now has 4 .*batch_size=1 and .*accumulative_counts=2',
        ),
        ({'optim_wrapper': {'optimizer': {'type': 'Adam'}}}, 'optimizer was AdamW and is now Adam'),
        (
            {'optim_wrapper': {'optimizer': {'_delete_': True, 'type': 'SGD', 'lr': 1.2e-3}}},
            'optimizer was AdamW and is now SGD',
        ),
        (
            {'optim_wrapper': {'paramwise_cfg': {'layer_decay_rate': 0.5}}},
            r'had 2 parameter groups of 19 \+ 43 parameters and now has 9 .* of 62 param',
        ),
        ({'randomness': {'seed': 3}}, 'seed was 0 and is now 3'),
        (
            {'train_dataloader': {'batch_size': 4, 'dataset': {'length': 24}}},
            r'an update had 2 samples \(batch size 2 x 1 processes\) and now has 4 .*batch_size=2',
        ),
        ({'train_dataloader': {'dataset': {'names': 'other'}}}, 'data was clip and is now other'),
        ({'train_cfg': {'max_epochs': 1}}, r'2 epochs \(12 iterations\) are done, more than'),
    ],
)
def test_refuses_in_one_line(
    change: dict[str, Any], told: str, finished: Path, run_config: MakeConfig, train: Train
) -> None:
    options = {'train_cfg': {'max_epochs': 4}, **change}
    cfg = run_config('changed', resume=True, load_from=str(finished), **options)
    with pytest.raises(ResumeError, match=told) as caught:
        train(cfg)
    assert '\n' not in str(caught.value)


def test_what_is_as_it_was_goes_on(finished: Path, run_config: MakeConfig, train: Train) -> None:
    """Precision, clipping and warm-up are no state of the run."""
    change = {'type': 'AmpOptimWrapper', 'dtype': 'bfloat16', 'clip_grad': {'max_norm': 1.0}}
    cfg = run_config('changed', resume=True, load_from=str(finished), optim_wrapper=change)
    cfg.merge_from_dict({'train_cfg': {'max_epochs': 3}, 'param_scheduler': {'warmup': 0}})
    assert train(cfg).epoch == 3


def test_a_checkpoint_cannot_run_code(
    finished: Path, run_config: MakeConfig, train: Train, tmp_path: Path
) -> None:
    saved = torch.load(finished, weights_only=True)
    saved['meta']['config'] = f"open('{tmp_path}/executed', 'w')"
    torch.save(saved, tmp_path / 'bad.pth')
    train(run_config('changed', resume=True, load_from=str(tmp_path / 'bad.pth')))
    assert not (tmp_path / 'executed').exists()


def test_without_averages_a_run_goes_on_from_the_trained_weights(
    run_config: MakeConfig, train: Train, tmp_path: Path
) -> None:
    every = {'default_hooks': {'checkpoint': {'interval': 1}}}
    plain = train(run_config('plain', **every)).model.state_dict()
    ema = {'custom_hooks': [{'type': 'EMAHook', 'momentum': 0.1}]}
    train(run_config('averaged', **ema, **every))
    path = str(tmp_path / 'averaged' / 'epoch_1.pth')
    resumed = train(run_config('resumed', resume=True, load_from=path, **every))
    assert all(torch.equal(v, plain[k]) for k, v in resumed.model.state_dict().items())


def test_fingerprints_look_into_wrappers() -> None:
    class Wrapper:
        def __init__(self, *datasets: Any) -> None:
            self.datasets = datasets

    class Own:
        def __init__(self, name: str) -> None:
            self.fingerprint = lambda: name

    both = data_fingerprint(Wrapper(Own('a'), Own('b')))
    assert both is not None
    assert both == data_fingerprint(Wrapper(Own('a'), Own('b')))
    assert both != data_fingerprint(Wrapper(Own('b'), Own('a')))
    assert data_fingerprint(Wrapper(Own('a'), object())) is None
