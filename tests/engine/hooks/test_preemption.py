"""Contract: a signal ends a run at an update, with a checkpoint that continues it exactly."""

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.runner import Runner

from mmvideomae.configs import ConfigError
from mmvideomae.engine import prepare_cpu_processes
from mmvideomae.engine.hooks import PreemptedError, PreemptionHook
from tests.support.processes import in_processes

MakeConfig = Callable[..., Config]
Train = Callable[[Config], Runner]


class Sender(Hook):
    """Sends a signal to its own process in an iteration."""

    def __init__(self, iteration: int, number: int = signal.SIGUSR1) -> None:
        self.iteration, self.number = iteration, number

    def before_train_iter(self, runner: Runner, batch_idx: int, data_batch: Any = None) -> None:
        if runner.iter == self.iteration:
            os.kill(os.getpid(), self.number)


def preempted(cfg: Config, iteration: int | None) -> str:
    """What a run says that is sent a signal in an iteration (None: this process gets none)."""
    runner = Runner.from_cfg(cfg)
    if iteration is not None:
        runner.register_hook(Sender(iteration))
    with pytest.raises(PreemptedError) as caught:
        runner.train()
    return str(caught.value)


def test_the_continued_run_is_the_uninterrupted_one(
    run_config: MakeConfig, train: Train, tmp_path: Path
) -> None:
    """In mid-epoch and between two updates: it waits for the second of the two."""
    options = {
        'optim_wrapper': {'accumulative_counts': 2},
        'default_hooks': {'checkpoint': {'interval': 1}},
    }
    whole = train(run_config('whole', **options)).model.state_dict()
    former = signal.getsignal(signal.SIGUSR1)
    told = preempted(run_config('run', **options), 8)
    assert 'stopped by SIGUSR1 after iteration 10' in told and '--resume' in told
    assert signal.getsignal(signal.SIGUSR1) == former
    left = tmp_path / 'run' / 'interrupted.pth'
    assert left.is_file() and left.name in (tmp_path / 'run' / 'last_checkpoint').read_text()
    found = train(run_config('run', resume=True, **options)).model.state_dict()
    assert all(torch.equal(value, whole[key]) for key, value in found.items())
    assert sorted(path.name for path in left.parent.glob('*.pth')) == ['epoch_1.pth', 'epoch_2.pth']


def test_ctrl_c_saves_and_a_second_one_does_not(
    run_config: MakeConfig, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    former = signal.getsignal(signal.SIGINT)
    runner = Runner.from_cfg(run_config('once'))
    runner.register_hook(Sender(2, signal.SIGINT))
    with pytest.raises(PreemptedError, match='by SIGINT after iteration 3') as caught:
        runner.train()
    assert caught.value.exit_code == 130
    assert 'Ctrl-C: stopping with a checkpoint' in capfd.readouterr().err
    assert (tmp_path / 'once' / 'interrupted.pth').is_file()
    runner = Runner.from_cfg(run_config('twice'))
    for _ in range(2):
        runner.register_hook(Sender(2, signal.SIGINT))
    with pytest.raises(KeyboardInterrupt):
        runner.train()
    assert signal.getsignal(signal.SIGINT) == former
    assert not (tmp_path / 'twice' / 'interrupted.pth').exists()


@pytest.mark.slow
def test_all_processes_stop_where_one_was_told_to(run_config: MakeConfig, tmp_path: Path) -> None:
    def train(rank: int) -> str:
        os.environ['LOCAL_RANK'] = str(rank)
        hooks = {'preemption': {'interval': 2}}
        cfg = run_config('two', launcher='pytorch', default_hooks=hooks)
        cfg.train_dataloader.batch_size = 1
        prepare_cpu_processes(cfg)
        return preempted(cfg, 4 if rank else None)

    (tmp_path / 'processes').mkdir()
    first, second = in_processes(2, train, tmp_path / 'processes')
    assert 'a signal to another process after iteration 6' in first
    assert 'SIGUSR1 after iteration 6' in second


def test_bad_settings_are_told(run_config: MakeConfig) -> None:
    with pytest.raises(ConfigError, match="no signal 'SIGNO'"):
        PreemptionHook(signals=('SIGNO',))


def test_without_checkpoints_signals_are_left_alone(run_config: MakeConfig, train: Train) -> None:
    cfg = run_config('none', train_cfg={'max_epochs': 1})
    cfg.default_hooks.checkpoint = None
    assert train(cfg).epoch == 1
