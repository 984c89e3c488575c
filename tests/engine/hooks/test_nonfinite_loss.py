"""Contract: a non-finite loss stops the run, names the files and changes no weight."""

import multiprocessing
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch import distributed

from mmvideomae.engine import NonFiniteLossError, NonFiniteLossHook

MakeConfig = Callable[..., Config]


class SpoilLoss(Hook):
    """Multiplies the loss from one iteration on."""

    def __init__(self, iteration: int, value: float) -> None:
        self.iteration = iteration
        self.value = value
        self.names: list[str] = []
        self.weights: dict[str, torch.Tensor] = {}

    def before_train_iter(self, runner: Runner, batch_idx: int, data_batch: Any = None) -> None:
        if runner.iter == self.iteration:
            self.names = [sample.filename for sample in data_batch['data_samples']]
            self.weights = {k: v.clone() for k, v in runner.model.state_dict().items()}
            genuine = runner.model.forward
            value = self.value

            def forward(*args: Any, **kwargs: Any) -> dict[str, torch.Tensor]:
                losses = genuine(*args, **kwargs)
                return {'loss': losses['loss'] * value}

            runner.model.forward = forward


@pytest.mark.parametrize('value', [float('nan'), float('inf'), float('-inf')])
@pytest.mark.parametrize('own_loop', [True, False])
def test_stops_and_names_the_files(
    value: float, own_loop: bool, run_config: MakeConfig, tmp_path: Path
) -> None:
    cfg = run_config(default_hooks={'checkpoint': {'by_epoch': False, 'interval': 2}})
    if not own_loop:
        cfg.train_cfg = {'type': 'EpochBasedTrainLoop', 'max_epochs': 2}
    runner = Runner.from_cfg(cfg)
    spoil = SpoilLoss(7, value)
    runner.register_hook(spoil)
    with pytest.raises(NonFiniteLossError) as caught:
        runner.train()
    message = str(caught.value)
    assert 'iteration 8 (epoch 2)' in message
    assert all(name in message for name in spoil.names)
    assert len(spoil.names) == 2
    saved = sorted(path.name for path in (tmp_path / 'run').glob('*.pth'))
    assert saved == ['iter_2.pth', 'iter_4.pth', 'iter_6.pth']
    if own_loop:
        weights = runner.model.state_dict()
        changed = [k for k, v in spoil.weights.items() if not torch.equal(v, weights[k])]
        assert changed == []


def test_a_finite_run_is_left_alone(run_config: MakeConfig) -> None:
    runner = Runner.from_cfg(run_config(train_cfg={'max_epochs': 1}))
    hook = next(hook for hook in runner.hooks if isinstance(hook, NonFiniteLossHook))
    runner.train()
    assert hook._checked == 5


def _process(rank: int, folder: str) -> None:
    """One of two processes; only the second has a loss that is not a number."""
    store = distributed.FileStore(f'{folder}/store', 2)
    distributed.init_process_group('gloo', store=store, rank=rank, world_size=2)
    sample = SimpleNamespace(metainfo={'filename': f'clip_of_rank_{rank}.mp4'})
    runner = SimpleNamespace(iter=4, epoch=0, logger=SimpleNamespace(error=lambda message: None))
    loss = torch.tensor(float('nan') if rank else 1.0)
    try:
        NonFiniteLossHook().after_loss(runner, 0, {'data_samples': [sample]}, loss)
        message = 'went on'
    except NonFiniteLossError as error:
        message = str(error)
    Path(f'{folder}/said_by_{rank}').write_text(message)
    distributed.destroy_process_group()


def test_all_processes_stop_and_name_the_files_of_the_one(tmp_path: Path) -> None:
    context = multiprocessing.get_context('fork')
    processes = [context.Process(target=_process, args=(r, str(tmp_path))) for r in (0, 1)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(timeout=60)
        assert process.exitcode == 0
    for rank in (0, 1):
        said = (tmp_path / f'said_by_{rank}').read_text()
        assert 'rank 1: loss nan, files: clip_of_rank_1.mp4' in said
        assert 'clip_of_rank_0' not in said
