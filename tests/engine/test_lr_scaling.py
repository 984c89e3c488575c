"""Contract: the rate scales with batch x processes x accumulation; repeats are not counted."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mmengine.config import Config

from mmvideomae.engine import batch_size_warning, scale_learning_rate, total_batch_size


def config(batch_size: int = 4, accumulation: int | None = None, **overrides: Any) -> Config:
    cfg = Config(
        {
            'train_dataloader': {
                'batch_size': batch_size,
                'dataset': {'pipeline': [{'type': 'RepeatAugment', 'num_repeats': 4}]},
            },
            'optim_wrapper': {'optimizer': {'type': 'AdamW', 'lr': 1.2e-3}},
            'param_scheduler': {'type': 'WarmupCosineLR', 'warmup': 40, 'eta_min_ratio': 0.1},
            'auto_scale_lr': {'base_batch_size': 2048, 'enable': True},
        }
    )
    if accumulation is not None:
        cfg.optim_wrapper.accumulative_counts = accumulation
    cfg.merge_from_dict(overrides)
    return cfg


@given(st.integers(1, 64), st.integers(1, 64), st.integers(1, 16))
def test_is_linear_in_every_factor(batch: int, world: int, accumulation: int) -> None:
    cfg = config(batch, accumulation)
    result = scale_learning_rate(cfg, world)
    assert result.total_batch_size == batch * world * accumulation
    assert cfg.optim_wrapper.optimizer.lr == pytest.approx(
        1.2e-3 * batch * world * accumulation / 2048
    )
    assert str(result.total_batch_size) in str(result)


def test_the_published_layout_keeps_the_published_rate() -> None:
    cfg = config(32)
    scale_learning_rate(cfg, 64)
    assert cfg.optim_wrapper.optimizer.lr == 1.2e-3
    assert batch_size_warning(cfg, 64) is None


def test_a_second_time_changes_nothing_and_mmengine_is_kept_from_scaling() -> None:
    cfg = config(4, accumulation=8)
    scale_learning_rate(cfg, 2)
    lr = cfg.optim_wrapper.optimizer.lr
    assert cfg.auto_scale_lr.enable is False
    scale_learning_rate(cfg, 2)
    assert cfg.optim_wrapper.optimizer.lr == lr


@pytest.mark.parametrize('as_list', [True, False])
def test_absolute_minima_follow(as_list: bool) -> None:
    scheduler = {'type': 'CosineAnnealingLR', 'eta_min': 8e-5}
    cfg = config(4)
    cfg.param_scheduler = [scheduler, {'type': 'LinearLR'}] if as_list else scheduler
    scale_learning_rate(cfg, 1)
    scaled = cfg.param_scheduler[0] if as_list else cfg.param_scheduler
    assert scaled['eta_min'] == pytest.approx(8e-5 * 4 / 2048)


def test_warns_in_one_line_when_the_batch_differs() -> None:
    line = batch_size_warning(config(4), 8)
    assert line is not None and '32' in line and '2048' in line and '\n' not in line
    assert '--auto-scale-lr' in line
    assert batch_size_warning(config(4, accumulation=64), 8) is None
    assert batch_size_warning(config(4, auto_scale_lr=None), 8) is None


def test_says_what_is_missing() -> None:
    with pytest.raises(ValueError, match='base_batch_size'):
        scale_learning_rate(config(auto_scale_lr=None), 1)
    with pytest.raises(ValueError, match='batch_size'):
        total_batch_size(config(train_dataloader=None), 1)
    cfg = config()
    del cfg.optim_wrapper.optimizer['lr']
    with pytest.raises(ValueError, match=r'optimizer\.lr'):
        scale_learning_rate(cfg, 1)
