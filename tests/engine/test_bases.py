"""Contract: the optional bases extend a recipe without clashing with its own bases."""

from pathlib import Path

import pytest
from mmengine.config import Config

from mmvideomae.registry import HOOKS, LOOPS, PARAM_SCHEDULERS, VISBACKENDS

CONFIGS = Path(__file__).resolve().parents[2] / 'configs'
RECIPES = sorted((CONFIGS / 'pretrain').glob('*/*.py'))


def inherit(tmp_path: Path, *bases: Path, text: str = '') -> Config:
    path = tmp_path / 'child.py'
    path.write_text(f'_base_ = {[str(base) for base in bases]!r}\n{text}\n')
    return Config.fromfile(path)


@pytest.mark.parametrize('recipe', [RECIPES[0], RECIPES[-1]], ids=lambda path: path.stem)
def test_each_optional_base_adds_to_a_recipe(recipe: Path, tmp_path: Path) -> None:
    optional = ['fsdp.py', 'schedules/ema.py', 'vis_tensorboard.py']
    cfg = inherit(tmp_path, recipe, *(CONFIGS / '_base_' / name for name in optional))
    assert cfg.runner_type == 'FlexibleRunner'
    assert cfg.custom_hooks[0].type == 'EMAHook'
    assert 'TensorboardVisBackend' in [backend.type for backend in cfg.visualizer.vis_backends]
    wandb = inherit(tmp_path, recipe, CONFIGS / '_base_' / 'vis_wandb.py')
    assert all(VISBACKENDS.get(backend.type) for backend in wandb.visualizer.vis_backends)


def test_a_leaf_overrides_single_keys(tmp_path: Path) -> None:
    bases = [CONFIGS / '_base_' / 'default_runtime.py']
    bases.append(CONFIGS / '_base_' / 'schedules' / 'adamw_pretrain.py')
    text = (
        'param_scheduler = dict(warmup=20)\n'
        'train_cfg = dict(max_epochs=1600)\n'
        'optim_wrapper = dict(optimizer=dict(lr=6e-4))\n'
        'default_hooks = dict(checkpoint=dict(interval=1))'
    )
    cfg = inherit(tmp_path, *bases, text=text)
    assert cfg.param_scheduler.type == 'WarmupCosineLR'
    assert cfg.param_scheduler.warmup == 20
    assert cfg.optim_wrapper.optimizer.betas == (0.9, 0.95)
    assert cfg.default_hooks.checkpoint.max_keep_ckpts == 3


@pytest.mark.parametrize('schedule', ['adamw_pretrain', 'adamw_finetune'])
def test_every_type_of_the_bases_exists(schedule: str) -> None:
    runtime = Config.fromfile(CONFIGS / '_base_' / 'default_runtime.py')
    assert all(HOOKS.get(hook.type) for hook in runtime.default_hooks.values())
    cfg = Config.fromfile(CONFIGS / '_base_' / 'schedules' / f'{schedule}.py')
    assert LOOPS.get(cfg.train_cfg.type)
    assert PARAM_SCHEDULERS.get(cfg.param_scheduler.type)
