"""A toy data set and the run configuration shared by the engine's tests."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from mmaction.structures import ActionDataSample
from mmengine.config import Config
from mmengine.runner import Runner

from mmvideomae.registry import DATASETS
from tests.support.models import tiny_videomae

BASES = Path(__file__).resolve().parents[2] / 'configs' / '_base_'


@DATASETS.register_module(force=True)
class ToyClips(torch.utils.data.Dataset):
    """Clips of noise, a function of (seed, epoch, index); some may fail or hold infinity."""

    def __init__(
        self, length: int = 12, failures: dict[int, str] | None = None, names: str = 'clip'
    ) -> None:
        self.length = length
        self.names = names
        self.failures = failures or {}
        # Shared, so that persistent workers learn of a new epoch.
        self.key = torch.zeros(2, dtype=torch.int64).share_memory_()

    def __len__(self) -> int:
        return self.length

    def fingerprint(self) -> str:
        return self.names

    def set_epoch(self, seed: int, epoch: int) -> None:
        self.key[:] = torch.tensor([seed, epoch])

    def __getitem__(self, index: int) -> dict[str, Any]:
        rng = np.random.default_rng([*self.key.tolist(), index])
        mask = np.zeros((2, 16), bool)
        mask[:, rng.permutation(16)[:12]] = True
        sample = ActionDataSample()
        failure = self.failures.get(index)
        sample.set_metainfo(
            {
                'filename': f'clip_{index}.mp4',
                'decode_failures': [(f'broken_{index}.mp4', failure)] if failure else [],
            }
        )
        return {
            'inputs': torch.from_numpy(rng.integers(0, 256, (1, 4, 32, 32, 3), np.uint8)),
            'encoder_mask': torch.from_numpy(mask.reshape(1, -1)),
            'data_samples': sample,
        }


def _run_config(folder: Path, name: str, **overrides: Any) -> Config:
    cfg = Config.fromfile(BASES / 'default_runtime.py')
    cfg.merge_from_dict(Config.fromfile(BASES / 'schedules/adamw_pretrain.py').to_dict())
    cfg.merge_from_dict(
        {
            'work_dir': str(folder / name),
            'experiment_name': f'{folder.name}_{name}',
            'model': tiny_videomae(drop_path_rate=0.3),
            'train_dataloader': {
                'batch_size': 2,
                'num_workers': 0,
                'drop_last': True,
                'sampler': {'type': 'EpochSampler', 'shuffle': True},
                'collate_fn': {'type': 'default_collate'},
                'dataset': {'type': 'ToyClips'},
            },
            'optim_wrapper': {'type': 'OptimWrapper'},
            'train_cfg': {'max_epochs': 2},
            'param_scheduler': {'warmup': 1},
            'default_hooks': {'logger': {'interval': 1}, 'checkpoint': {'max_keep_ckpts': -1}},
        }
    )
    cfg.merge_from_dict(overrides)
    return cfg


@pytest.fixture
def run_config(tmp_path: Path) -> Callable[..., Config]:
    """Config of a tiny pre-training on the real bases; keyword arguments are merged into it."""

    def build(name: str = 'run', **overrides: Any) -> Config:
        return _run_config(tmp_path, name, **overrides)

    return build


@pytest.fixture(scope='module')
def shared_run_config(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Config]:
    """As `run_config`, in a folder that the tests of a module share."""
    return partial(_run_config, tmp_path_factory.mktemp('shared'))


@pytest.fixture
def train() -> Callable[[Config], Runner]:
    """Run a config's training to the end and return its runner."""

    def run(cfg: Config) -> Runner:
        runner = Runner.from_cfg(cfg)
        runner.train()
        return runner

    return run


@pytest.fixture(scope='module')
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The last checkpoint of a finished run of two epochs."""
    folder = tmp_path_factory.mktemp('finished')
    Runner.from_cfg(_run_config(folder, 'run')).train()
    return folder / 'run' / 'epoch_2.pth'
