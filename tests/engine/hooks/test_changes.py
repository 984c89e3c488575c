"""Contract: fine-tuning with few parameters leaves the rest as it was and saves a small file."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from mmengine.config import Config
from mmengine.runner import Runner

from mmvideomae.checkpoints import CheckpointError, load_state_dict
from mmvideomae.registry import MODELS
from tests.engine.hooks.test_head_rows import ToyLabelled, recognizer
from tests.support.models import tiny_videomae


@pytest.fixture
def tuning(run_config: Callable[..., Config], tmp_path: Path) -> Callable[..., Config]:
    """Config of a fine-tuning with LoRA from the weights of a pre-training."""
    torch.manual_seed(0)
    base = tmp_path / 'base.pth'
    torch.save({'state_dict': MODELS.build(tiny_videomae()).state_dict()}, base)

    def build(**overrides: Any) -> Config:
        cfg = run_config(load_from=str(base), train_cfg={'max_epochs': 2})
        cfg.model = recognizer()
        cfg.model.backbone.peft = {'type': 'LoRA', 'rank': 2}
        cfg.train_dataloader = {
            'batch_size': 2,
            'num_workers': 0,
            'sampler': {'type': 'DefaultSampler', 'shuffle': False},
            'dataset': {'type': ToyLabelled.__name__},
            'collate_fn': {'type': 'pseudo_collate'},
        }
        cfg.optim_wrapper = {'type': 'OptimWrapper', 'optimizer': {'type': 'AdamW', 'lr': 0.01}}
        cfg.auto_scale_lr, cfg.custom_hooks = None, [{'type': 'SaveChangesHook'}]
        cfg.merge_from_dict(overrides)
        return cfg

    return build


def test_only_added_weights_learn_and_are_saved(
    tuning: Callable[..., Config], train: Callable[[Config], Runner]
) -> None:
    cfg = tuning()
    runner = train(cfg)
    base, found = load_state_dict(cfg.load_from), runner.model.state_dict()
    kept = [key for key in found if key.startswith('backbone.') and key in base]
    assert len(kept) > 20 and all(torch.equal(found[key], base[key]) for key in kept)
    assert found['backbone.blocks.0.attn.low_rank.b.q'].any()
    path = Path(cfg.work_dir) / 'changes.pth'
    assert not torch.load(path)['state_dict'].keys() & set(kept)
    whole = load_state_dict(path)
    assert all(torch.equal(whole[key], value) for key, value in found.items())


def test_a_training_that_starts_from_nothing_is_refused(
    tuning: Callable[..., Config], train: Callable[[Config], Runner]
) -> None:
    with pytest.raises(CheckpointError, match='needs load_from'):
        train(tuning(load_from=None))
