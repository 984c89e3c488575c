"""Contract: the number of workers is the only loader setting that users have to change."""

from typing import Any

import pytest
from mmengine.config import Config
from torch.utils.data import DataLoader

from mmvideomae.engine.loaders import settle_loaders


def settled(**loader: Any) -> dict[str, Any]:
    cfg = Config({'val_dataloader': loader, 'test_dataloader': None})
    settle_loaders(cfg)
    return cfg.val_dataloader.to_dict()


def test_without_workers_their_settings_go() -> None:
    asked = {'persistent_workers': True, 'prefetch_factor': 4, 'timeout': 9, 'num_workers': 0}
    assert settled(batch_size=2, **asked) == {'batch_size': 2, 'num_workers': 0}
    assert settled(batch_size=2, persistent_workers=True) == {'batch_size': 2}
    DataLoader([1, 2], **settled(batch_size=2, **asked))


@pytest.mark.parametrize(('samples', 'seconds'), [(1, 120), (8, 120), (64, 320), (None, 120)])
def test_a_hanging_worker_ends_the_run(samples: int | None, seconds: int) -> None:
    assert settled(batch_size=samples, num_workers=1)['timeout'] == seconds
    assert settled(batch_size=samples, num_workers=1, timeout=0)['timeout'] == 0  # as asked


def test_whole_updates_are_what_a_process_contributes() -> None:
    sampler = {'type': 'EpochSampler', 'round_to': 'update'}
    cfg = Config({'train_dataloader': {'batch_size': 2, 'sampler': sampler}})
    settle_loaders(cfg)
    assert cfg.train_dataloader.sampler.round_to == 2
    cfg.train_dataloader.sampler.round_to = 'update'
    cfg.optim_wrapper = {'accumulative_counts': 4}
    settle_loaders(cfg)
    assert cfg.train_dataloader.sampler.round_to == 8


def test_epochs_of_whole_batches_end_with_an_update() -> None:
    loader = {'batch_size': 2, 'drop_last': True, 'sampler': {'type': 'EpochSampler'}}
    cfg = Config({'train_dataloader': loader, 'optim_wrapper': {'accumulative_counts': 4}})
    settle_loaders(cfg)
    assert cfg.train_dataloader.sampler.round_to == 8
    for changes in ({'drop_last': False}, {'sampler': {'type': 'DefaultSampler'}}):
        cfg = Config({'train_dataloader': {**loader, **changes}})
        settle_loaders(cfg)
        assert 'round_to' not in cfg.train_dataloader.sampler
    loader['sampler'] = {'type': 'EpochSampler', 'round_to': 1}  # as asked
    assert settled(**loader)['sampler']['round_to'] == 1
