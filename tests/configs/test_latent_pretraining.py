"""Configs that learn from teachers agree with their names, headers and the published recipes.

The tables below restate the published recipes independently of the configs.
"""

import math
import re
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import torch
from mmengine.config import Config

from mmvideomae import registry as registries
from mmvideomae.analysis.complexity import measure_config
from tests.support.leaves import LEAVES, command, header, load, read, steps

FOLDERS = ('amd', 'mvd', 'salt', 'umt', 'vjepa2')
PRETRAIN = [p for p in LEAVES if p.parent.name in FOLDERS and 'pretrain' in p.parts]
NAME = re.compile(
    r'(?P<method>amd|mvd|salt|umt|vjepa2)_vit-(?P<size>base|large|huge|giant)-p16_'
    r'(?P<gpus>\d+)xb(?P<batch>\d+)-'
    r'(?P<frames>\d+)x(?P<stride>\d+x1|segments)-(?P<epochs>\d+)e_'
    r'(?P<dataset>[a-z0-9]+)(?P<variant>_pixels|_cooldown(-384px)?)?'
)


class Recipe(NamedTuple):
    """One published row."""

    total: int
    base_lr: float
    floor: float
    warmup: int
    mask: str | None
    repeats: int = 1
    clip: float | None = None


# (method, size, epochs) -> recipe; the learning rate is that for a batch of 256
RECIPES = {
    ('mvd', 'base', 400): Recipe(1024, 1.5e-4, 1e-4, 40, 'TubeMask'),
    ('mvd', 'large', 400): Recipe(512, 1.5e-4, 1e-4, 40, 'TubeMask'),
    ('mvd', 'large', 800): Recipe(512, 1.5e-4, 1e-5, 40, 'TubeMask'),
    ('amd', 'base', 200): Recipe(512, 1.2e-3, 8e-5, 10, 'NestedTubeMask', 4, 0.02),
    ('umt', 'base', 200): Recipe(2048, 1.5e-4, 1e-5, 40, None),
    ('umt', 'large', 200): Recipe(2048, 1.5e-4, 1e-5, 40, None),
    ('salt', 'large', 34): Recipe(3072, 4.375e-5, 4.375e-5 / 15, 3, 'MultiBlockMask'),
    **{
        ('vjepa2', size, 380): Recipe(3072, 4.375e-5, 4.375e-5, 19, 'MultiBlockMask')
        for size in ('large', 'huge', 'giant')
    },
    # From the same rate down to 1e-6.
    **{
        ('vjepa2', size, 19): Recipe(3072, 4.375e-5, 1e-6 / 12, 0, 'MultiBlockMask')
        for size in ('large', 'huge', 'giant')
    },
    ('salt', 'large', 171): Recipe(3072, 4.375e-5, 4.375e-5 / 15, 10, 'MultiBlockMask'),
}

pretrain = pytest.mark.parametrize('path', PRETRAIN, ids=lambda p: p.stem)


def facts(path: Path) -> dict[str, Any]:
    match = NAME.fullmatch(path.stem)
    assert match, f'{path.name} is not named as the others'
    return {k: int(v) if v and v.isdigit() else v for k, v in match.groupdict().items()}


def test_every_recipe_has_its_leaf() -> None:
    found = {(name['method'], name['size'], name['epochs']) for name in map(facts, PRETRAIN)}
    assert found == set(RECIPES)


@pretrain
def test_name_header_and_recipe_agree(path: Path) -> None:
    name, cfg, text = facts(path), read(path), header(path)
    recipe = RECIPES[name['method'], name['size'], name['epochs']]
    assert re.match(command(path, name['gpus']), text) and f'{name["gpus"]} GPUs' in text
    assert {'Cost', 'Paper', 'Licence', 'Not known'} <= {n.split(':')[0] for n in text.split('\n')}
    batch = cfg.train_dataloader.batch_size
    assert name['gpus'] * batch == cfg.auto_scale_lr.base_batch_size == recipe.total
    assert (batch, cfg.train_cfg.max_epochs) == (name['batch'], name['epochs'])
    assert cfg.model.backbone.arch == name['size']
    lr = cfg.optim_wrapper.optimizer.lr
    assert math.isclose(lr, recipe.base_lr * recipe.total / 256)
    floor = recipe.floor * recipe.total / 256
    schedule = cfg.param_scheduler
    assert math.isclose(schedule.get('eta_min_ratio', schedule.get('end_factor')) * lr, floor)
    assert schedule.get('warmup', 0) == recipe.warmup
    clip = cfg.optim_wrapper.get('clip_grad')
    assert clip == (recipe.clip and {'max_norm': recipe.clip})
    found = steps(cfg)
    assert found['RepeatAugment'].num_repeats == recipe.repeats
    mask = found.get('GenerateMasks', {}).get('encoder', {}).get('type')
    assert mask == recipe.mask
    if name['stride'] == 'segments':
        assert found['SampleSegments'].clip_len == name['frames'] and 'ClipFlip' in found
    else:
        sample = found['SampleClip']
        assert (sample.clip_len, f'{sample.stride}x1') == (name['frames'], name['stride'])


def without_weights(node: Any) -> None:
    """Drop the sources of teachers' weights."""
    if isinstance(node, dict):
        for key in ('init_cfg', 'pretrained'):
            node.pop(key, None)
        for value in node.values():
            without_weights(value)


def built(cfg: Config) -> Any:
    without_weights(cfg.model)
    with torch.device('meta'):
        return registries.MODELS.build(cfg.model)


@pretrain
def test_the_parameters_are_those_of_the_header(path: Path) -> None:
    """Building also checks that each head predicts what its teacher has."""
    model, text = built(load(path)), header(path)
    trained = sum(p.numel() for p in model.parameters() if p.requires_grad)
    assert f'{trained / 1e6:.1f} M parameters' in text


@pytest.mark.slow  # counting takes seconds for each
@pretrain
def test_the_cost_is_that_of_the_header_and_the_readme(path: Path) -> None:
    cfg, text = load(path), header(path)
    without_weights(cfg.model)
    macs = measure_config(cfg).macs / 1e9
    stated = [float(number) for number in re.findall(r'([\d.]+) G ', text)]
    assert math.isclose(sum(stated), macs, abs_tol=0.011)
    assert f'| {macs:.2f} |' in (path.parent / 'README.md').read_text()


@pytest.mark.parametrize('folder', FOLDERS)
def test_a_shrunken_config_takes_a_step(folder: str) -> None:
    """Real masks, targets, branches and losses, with narrow networks of two blocks."""
    path = min(path for path in PRETRAIN if path.parent.name == folder)
    cfg = load(path)
    without_weights(cfg.model)
    torch.manual_seed(0)
    shrink(cfg.model)
    model = registries.MODELS.build(cfg.model)
    frames = cfg.model.backbone.num_frames
    batch: dict[str, Any] = {'inputs': torch.randint(256, (2, 1, frames, 64, 64, 3)).byte()}
    masks = steps(cfg).get('GenerateMasks')
    if masks:
        transform = {**masks, 'grid_size': (frames // 2, 4, 4)}
        for kind in ('encoder', 'second'):
            if 'places' in masks.get(kind, {}):
                transform[kind] = {**masks[kind], 'places': 9}
        drawn = [registries.TRANSFORMS.build(transform)({'num_clips': 1}) for _ in range(2)]
        keys = [key for key in drawn[0] if key != 'num_clips']
        batch |= {k: torch.stack([torch.from_numpy(one[k])[None] for one in drawn]) for k in keys}
        batch |= {k: v.flatten(2) for k, v in batch.items() if k.endswith('_mask')}
    model.begin_training()
    losses = model(**model.data_preprocessor(batch), mode='loss')
    sum(losses.values()).backward()
    missing = [n for n, p in model.named_parameters() if p.requires_grad and p.grad is None]
    assert all(loss.isfinite() for loss in losses.values()) and missing == []


def shrink(node: Any, grid: tuple[int, int] = (4, 4)) -> None:
    """Networks of width 32 (students), 48 (teachers) and 32 (decoders) for clips of 64 pixels."""
    backbone = node.backbone
    backbone.update(arch={'embed_dims': 48, 'depth': 12, 'num_heads': 3}, img_size=64)
    for target in node.get('targets', {'target': node.get('target')}).values():
        teacher = target.get('teacher')
        if teacher and teacher.type == 'TimmFrameBackbone':
            teacher.update(name='vit_tiny_patch16_224.augreg_in21k', img_size=64)
            teacher.pop('keep_head', None)
            if target.get('through'):
                target.through = ('model.norm',)
            target.pop('size', None)
        elif teacher:
            depth = max([1, *target.get('layers', ())])
            teacher.update(arch={'embed_dims': 48, 'depth': depth, 'num_heads': 3}, img_size=64)
    branches = node.branches.values() if 'branches' in node else [node]
    for branch in branches:
        neck, head = branch.neck, branch.head
        if 'depth' in neck:
            neck.update(in_dims=48, embed_dims=48, depth=1, num_heads=3)
            head.in_dims = 48
        if 'grid_size' in neck:
            neck.grid_size = (neck.grid_size[0], *grid)
        target = node.targets[branch.target] if 'targets' in node else node.target
        width = 192 if 'TimmFrameBackbone' in str(target) else 48
        if head.type == 'LayerHead':
            neck.embed_dims = head.in_dims = 48
            head.layer_dims = width
        elif target.type == 'LatentTarget':
            head.out_dims = width * max(len(target.get('layers', ())), 1)
