"""Contract: VIMPAC's bases follow its Tables 3 and 4, and its released code's exceptions."""

from typing import Any

import pytest
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from torch import nn

from mmvideomae.engine.optim import GroupedOptimWrapperConstructor
from mmvideomae.registry import LOOPS, MODELS, PARAM_SCHEDULERS
from tests.support.leaves import CONFIGS

BASES = CONFIGS / '_base_'
BACKBONES = {'small': 29_442_048, 'base': 119_748_096, 'large-half': 210_106_368}
# Of masked prediction and of contrast, in that order.
HEADS = {
    'small': (512 * 512 + 3 * 512 + 8197, 512 * 2048 + 3 * 2048 + 2048 * 256),
    'base': (768 * 768 + 3 * 768 + 8197, 768 * 2048 + 3 * 2048 + 2048 * 256),
    'large-half': (1_059_845, 22_044_672),
}


def settings(kind: str, name: str) -> Config:
    return Config.fromfile(BASES / kind / f'{name}.py')


def build(name: str, **changes: Any) -> nn.Module:
    init_default_scope('mmvideomae')
    cfg = settings('models', name)
    cfg.merge_from_dict({'model': changes})
    with torch.device('meta'):
        return MODELS.build(cfg.model)


def count(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


@pytest.mark.parametrize('size', BACKBONES)
def test_models_have_the_parameters_of_the_paper(size: str) -> None:
    model = build(f'vimpac_{size}')
    assert model.backbone.grid_size == (5, 16, 16)
    assert count(model.backbone) == BACKBONES[size]
    assert (count(model.head), count(model.contrast)) == HEADS[size]
    assert count(model.data_preprocessor) == 53_786_240  # DALL-E's encoder
    assert not any(p.requires_grad for p in model.data_preprocessor.parameters())
    assert model.contrast.temperature == 0.2


@pytest.mark.parametrize('size', BACKBONES)
def test_recognizers_take_ten_large_frames_and_start_from_zero(size: str) -> None:
    model = build(f'vimpac_recognizer_{size}')
    assert model.backbone.grid_size == (10, 32, 32)
    width = model.backbone.embed_dims
    # 5 more places in time, 16 more in height and in width.
    assert count(model.backbone) == BACKBONES[size] + (5 + 16 + 16) * width
    assert model.cls_head.init_scale == 0
    assert model.cls_head.fc_cls.weight.shape == (400, width)


def test_the_head_starts_from_zero() -> None:
    head = MODELS.build({'type': 'LinearHead', 'num_classes': 3, 'in_channels': 4, 'init_scale': 0})
    head.init_weights()
    assert not head.fc_cls.weight.any()
    assert not head.fc_cls.bias.any()


def test_pre_training_is_that_of_table_4() -> None:
    cfg = settings('schedules', 'adamw_vimpac')
    optimizer = cfg.optim_wrapper.optimizer
    assert (optimizer.lr, optimizer.betas, optimizer.weight_decay) == (1e-3, (0.9, 0.98), 0.05)
    assert (optimizer.eps, cfg.optim_wrapper.clip_grad.max_norm) == (1e-8, 1.0)
    assert (cfg.param_scheduler.warmup_share, cfg.train_cfg.max_epochs) == (0.1, 10)
    assert cfg.auto_scale_lr.base_batch_size == 1024


def test_fine_tuning_is_that_of_table_4() -> None:
    cfg = settings('schedules', 'adamw_vimpac_finetune')
    optimizer = cfg.optim_wrapper.optimizer
    assert (optimizer.lr, optimizer.betas, optimizer.weight_decay) == (1e-4, (0.9, 0.999), 0.01)
    assert (optimizer.eps, cfg.optim_wrapper.clip_grad.max_norm) == (1e-8, 1.0)
    assert (cfg.param_scheduler.warmup_share, cfg.train_cfg.max_epochs) == (0.1, 50)
    assert cfg.auto_scale_lr.base_batch_size == 128


@pytest.mark.parametrize('name', ['adamw_vimpac', 'adamw_vimpac_finetune'])
def test_every_type_of_the_schedules_exists(name: str) -> None:
    cfg = settings('schedules', name)
    assert LOOPS.get(cfg.train_cfg.type)
    assert PARAM_SCHEDULERS.get(cfg.param_scheduler.type).__name__ == 'WarmupLinearLR'


def exempt(name: str) -> bool:
    """Whether the released code leaves a parameter without decay: biases and the encoder's norms.

    Its norms are LayerNorm of attentions, ``ln`` of MLPs and ``ln_pre``; those of the heads, the
    positions, CLS and the embedding decay.
    """
    return name.endswith('bias') or ('norm' in name and 'head' not in name) or 'ln_pre' in name


def test_what_decays_is_what_decays_in_the_released_code() -> None:
    for kind, schedule in (
        ('vimpac_large-half', 'adamw_vimpac'),
        ('vimpac_recognizer_small', 'adamw_vimpac_finetune'),
    ):
        model = build(kind)
        options = settings('schedules', schedule).optim_wrapper
        constructor = GroupedOptimWrapperConstructor(options, options.get('paramwise_cfg'))
        decayed = {
            id(parameter): group.get('weight_decay') is None
            for group in constructor.groups(model)
            for parameter in group['params']
        }
        names = {name: p for name, p in model.named_parameters() if p.requires_grad}
        found = {name for name, parameter in names.items() if decayed[id(parameter)]}
        assert found == {name for name in names if not exempt(name)}
        special = ['pos_embed.time', 'pos_embed.cls', 'cls_embed', 'embedding.weight']
        assert {f'backbone.{name}' for name in special} < found
        assert len(names) == len(decayed)
        if model.__class__.__name__ == 'VIMPAC':
            assert {'contrast.mlp.bn_1.weight', 'head.transform.2.weight'} < found
