"""Contract: a run resumed at any checkpoint ends with the exact weights of an uninterrupted run."""

import multiprocessing
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.runner import Runner

from mmvideomae.engine.loops import TooFewSamplesError

Train = Callable[[Config], Runner]
MakeConfig = Callable[..., Config]


def same(left: dict[str, Any], right: dict[str, Any]) -> bool:
    return left.keys() == right.keys() and all(torch.equal(left[k], right[k]) for k in left)


VARIANTS = {
    'plain': {},
    'accumulation and clipping': {
        'optim_wrapper': {'accumulative_counts': 4, 'clip_grad': {'max_norm': 0.5}}
    },
    'bfloat16': {'optim_wrapper': {'type': 'AmpOptimWrapper', 'dtype': 'bfloat16'}},
    'ema and workers': {
        'custom_hooks': [{'type': 'EMAHook', 'momentum': 0.1}],
        'train_dataloader': {'num_workers': 2, 'persistent_workers': True},
    },
    'short last batch': {'train_dataloader': {'drop_last': False, 'dataset': {'length': 13}}},
}


@pytest.mark.parametrize('variant', VARIANTS)
def test_resumes_exactly_in_the_middle_of_an_epoch(
    variant: str, run_config: MakeConfig, train: Train, tmp_path: Path
) -> None:
    inside = {'default_hooks': {'checkpoint': {'by_epoch': False, 'interval': 4}}}
    cfg = run_config('whole', **VARIANTS[variant])
    cfg.merge_from_dict(inside)
    whole = train(cfg)
    weights = whole.model.state_dict()
    average = [hook.ema_model.state_dict() for hook in whole.hooks if hasattr(hook, 'ema_model')]
    for iteration in (4, 8):
        cfg = run_config(f'resumed_{iteration}', **VARIANTS[variant])
        cfg.merge_from_dict(inside)
        cfg.resume, cfg.load_from = True, str(tmp_path / 'whole' / f'iter_{iteration}.pth')
        resumed = train(cfg)
        assert resumed.iter == whole.iter
        assert same(weights, resumed.model.state_dict())
        for hook in resumed.hooks:
            if hasattr(hook, 'ema_model'):
                assert same(average[0], hook.ema_model.state_dict())


def test_resumes_exactly_between_epochs(
    run_config: MakeConfig, train: Train, tmp_path: Path
) -> None:
    every = {'default_hooks': {'checkpoint': {'interval': 1}}}
    whole = train(run_config('whole', **every))
    resumed = train(
        run_config('resumed', resume=True, load_from=str(tmp_path / 'whole/epoch_1.pth'), **every)
    )
    assert same(whole.model.state_dict(), resumed.model.state_dict())


def test_seeds_decide_what_drop_path_draws(run_config: MakeConfig, train: Train) -> None:
    first = train(run_config('first')).model.state_dict()
    assert same(first, train(run_config('again')).model.state_dict())
    without_hook = run_config('without_hook')
    del without_hook.default_hooks['iteration_seed']
    assert not same(first, train(without_hook).model.state_dict())


def test_other_samplers_are_wound_forward(
    run_config: MakeConfig, train: Train, tmp_path: Path
) -> None:
    # DefaultSampler does not tell the data set the epoch either, so samples are those of epoch 0.
    options = {
        'train_dataloader': {'sampler': {'type': 'DefaultSampler', 'shuffle': True}},
        'default_hooks': {'checkpoint': {'by_epoch': False, 'interval': 4}},
    }
    whole = train(run_config('whole', **options))
    resumed = train(
        run_config('resumed', resume=True, load_from=str(tmp_path / 'whole/iter_8.pth'), **options)
    )
    assert same(whole.model.state_dict(), resumed.model.state_dict())


@pytest.mark.parametrize(
    ('change', 'named'),
    [
        ({'train_dataloader': {'batch_size': 3}}, 'an update had 2 samples .* and now has 3'),
        (
            {'train_dataloader': {'dataset': {'length': 20}}},
            'an epoch had 12 samples .* and now has 20',
        ),
    ],
)
def test_refuses_to_resume_with_other_data(
    change: dict[str, Any], named: str, run_config: MakeConfig, train: Train, tmp_path: Path
) -> None:
    train(run_config('whole', train_cfg={'max_epochs': 1}))
    path = str(tmp_path / 'whole' / 'epoch_1.pth')
    with pytest.raises(ValueError, match=named):
        train(run_config('resumed', resume=True, load_from=path, **change))


def test_a_data_set_smaller_than_a_batch_is_one_batch(run_config: MakeConfig, train: Train) -> None:
    data = {'batch_size': 8, 'dataset': {'length': 3}}
    runner = train(run_config(train_dataloader=data))
    assert (runner.epoch, runner.iter) == (2, 2)
    log = next(Path(runner.log_dir).glob('*.log')).read_text()
    assert '3 training samples are fewer than a batch of 8 per process: every epoch is' in log
    data['dataset']['length'] = 0
    with pytest.raises(TooFewSamplesError, match='0 training samples'):
        train(run_config('none', train_dataloader=data))


def test_a_finished_run_says_that_nothing_is_left(
    run_config: MakeConfig, train: Train, finished: Path
) -> None:
    runner = train(run_config(resume=True, load_from=str(finished)))
    log = next(Path(runner.log_dir).glob('*.log')).read_text()
    assert 'Nothing is left to train: all 2 epochs of the config are done' in log


def test_loss_is_shown_before_it_changes_the_weights(run_config: MakeConfig) -> None:
    seen: list[tuple[int, float, bool]] = []

    class LossSpy(Hook):
        def before_train_iter(self, runner: Runner, batch_idx: int, data_batch: Any) -> None:
            self.weights = runner.model.state_dict()
            self.weights = {k: v.clone() for k, v in self.weights.items()}

        def after_loss(
            self, runner: Runner, batch_idx: int, data_batch: Any, loss: torch.Tensor
        ) -> None:
            seen.append(
                (batch_idx, float(loss.detach()), same(self.weights, runner.model.state_dict()))
            )

        def after_train_iter(
            self, runner: Runner, batch_idx: int, data_batch: Any, outputs: Any
        ) -> None:
            assert seen[-1][1] == pytest.approx(float(outputs['loss']))

    runner = Runner.from_cfg(run_config(train_cfg={'max_epochs': 1}))
    runner.register_hook(LossSpy())
    runner.train()
    assert [(index, before) for index, _, before in seen] == [(i, True) for i in range(6)]


def test_compiled_training_step_gives_the_same_weights(
    run_config: MakeConfig, train: Train
) -> None:
    """mmengine's `compile` option works with everything that surrounds the loss."""
    options = {
        'train_cfg': {'max_epochs': 1},
        'optim_wrapper': {'type': 'AmpOptimWrapper'},
        'train_dataloader': {'dataset': {'length': 6}},
    }
    plain = train(run_config('plain', **options)).model.state_dict()
    compiled = train(run_config('compiled', compile={'backend': 'eager'}, **options))
    torch._dynamo.reset()
    for name, value in compiled.model.state_dict().items():
        torch.testing.assert_close(value, plain[name], msg=name)


def test_workers_end_with_the_training(run_config: MakeConfig, train: Train) -> None:
    before = set(multiprocessing.active_children())
    loader = {'num_workers': 2, 'persistent_workers': True}
    runner = train(run_config(train_dataloader=loader, train_cfg={'max_epochs': 1}))
    assert set(multiprocessing.active_children()) <= before
    # The loader is still good for another pass.
    assert len(list(runner.train_dataloader)) == 6
    runner.train_loop._end_workers()
