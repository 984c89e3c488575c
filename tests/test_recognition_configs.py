"""Every classification config is what its name, its header, the docs and the papers say.

The tables below restate the published recipes independently of the configs.
"""

import copy
import functools
import json
import math
import re
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import torch
import yaml
from mmengine.config import Config, ConfigDict
from mmengine.registry import DefaultScope
from torch import nn

from mmvideomae import registry as registries
from mmvideomae.checkpoints.fitting import fit
from mmvideomae.engine import batch_size_warning, scale_learning_rate
from mmvideomae.models.backbones.vit_videomae import ARCHS

ROOT = Path(__file__).resolve().parents[1]
CONFIGS = ROOT / 'configs'
LEAVES = sorted((CONFIGS / 'recognition').rglob('*.py'))
FOLDERS = sorted({p.parent for p in LEAVES})

# <method>_vit-<size>-p<patch>_<gpus>xb<batch>-<clip>-<epochs>e_<dataset>[_<variant>].py
NAME = re.compile(
    r'(?P<method>videomae|videomaev2)_vit-(?P<size>small|base|large|huge|giant)-p(?P<patch>\d+)_'
    r'(?P<gpus>\d+)xb(?P<batch>\d+)-'
    r'(?P<run>(?P<clip>\d+x\d+x\d+)-(?P<epochs>\d+)e_'
    r'(?P<dataset>[a-z0-9]+(?:-rawframes)?)(?:_(?P<variant>[a-z0-9]+(?:-[a-z0-9]+)*))?)'
)
DATASETS = {  # classes; list, folder
    'kinetics400': (400, 'kinetics400/train.csv', 'kinetics400/videos'),
    'kinetics600': (600, 'kinetics600/train.csv', 'kinetics600/videos'),
    'kinetics700': (700, 'kinetics700/train.csv', 'kinetics700/videos'),
    'kinetics710': (710, 'kinetics710/train.csv', ''),
    'sthv1': (174, 'sthv1/train_rawframes.csv', 'sthv1/rawframes'),
    'sthv2': (174, 'sthv2/train.csv', 'sthv2/videos'),
    'sthv2-rawframes': (174, 'sthv2/train_rawframes.csv', 'sthv2/rawframes'),
    'ucf101': (101, 'ucf101/split1/train.csv', 'ucf101/videos'),
    'hmdb51': (51, 'hmdb51/split1/train.csv', 'hmdb51/videos'),
    'diving48': (48, 'diving48/train.csv', 'diving48/videos'),
    'custom': (10, 'custom/train.csv', 'custom/videos'),
}
SPARSE = ('sthv1', 'sthv2', 'sthv2-rawframes')


class Recipe(NamedTuple):
    """One row; ``total`` counts videos, not their augmentations."""

    total: int
    base_lr: float
    decay: float | None = 0.75
    path: float = 0.1
    dropout: float = 0.0
    repeats: int = 2
    min_lr: float = 1e-6
    clips: int = 5
    warmup: int = 5
    clip_grad: float | None = None
    weight_decay: float = 0.05
    pixels: int = 224
    rows: int | None = None
    teacher: bool = False


R = Recipe
SCRATCH = {'decay': None, 'path': 0.2, 'dropout': 0.5, 'warmup': 30}
SMALL_SET = {'decay': 0.7, 'path': 0.2, 'dropout': 0.5, 'min_lr': 1e-5}
LARGER = {'dropout': 0.5, 'warmup': 0}
POST_H = {'decay': 0.8, 'path': 0.2, 'dropout': 0.5}
STUDENT = {'repeats': 1, 'clip_grad': 1.0, 'teacher': True}
# (size, name from the clip on) -> recipe. Scripts of VideoMAE; V1 Tables 10 and 11, appendix B.
VIDEOMAE = {
    ('small', '16x4x1-150e_kinetics400'): R(384, 5e-4),
    ('base', '16x4x1-100e_kinetics400'): R(512, 1e-3, repeats=1),
    ('base', '16x4x1-75e_kinetics400'): R(384, 5e-4),
    ('large', '16x4x1-35e_kinetics400'): R(128, 2e-3),
    ('huge', '16x4x1-50e_kinetics400'): R(512, 1e-3, path=0.2, dropout=0.5, min_lr=1e-5),
    ('small', '1x1x16-40e_sthv2'): R(384, 1e-3, 0.7, clips=2),
    ('base', '1x1x16-50e_sthv2'): R(512, 5e-4, repeats=1, clips=2),
    ('base', '1x1x16-30e_sthv2'): R(384, 5e-4, clips=2),
    ('base', '16x4x1-100e_ucf101'): R(128, 5e-4, **SMALL_SET),
    ('base', '16x2x1-50e_hmdb51'): R(128, 1e-3, **SMALL_SET, clips=10),
    # Table 10
    ('small', '16x4x1-150e_kinetics400_table10'): R(512, 1e-3, 0.7),
    ('base', '16x4x1-75e_kinetics400_table10'): R(512, 1e-3),
    ('large', '16x4x1-50e_kinetics400_table10'): R(512, 1e-3, path=0.2, dropout=0.5),
    ('small', '1x1x16-40e_sthv2_table10'): R(512, 1e-3, 0.7, clips=2),
    ('base', '1x1x16-40e_sthv2_table10'): R(512, 5e-4, clips=2),
    ('large', '1x1x16-30e_sthv2'): R(512, 5e-4, path=0.2, dropout=0.5, clips=2),
    ('large', '1x1x32-30e_sthv2'): R(512, 5e-4, path=0.2, dropout=0.5, clips=1),
    # Table 11, Table 2 from scratch
    ('base', '1x1x16-100e_sthv2_linear-probe'): R(
        1024, 0.1, None, 0, repeats=1, min_lr=0, clips=2, warmup=10, weight_decay=0
    ),
    ('base', '16x4x1-200e_kinetics400_scratch'): R(512, 8e-4, **SCRATCH),
    ('base', '1x1x16-100e_sthv2_scratch'): R(512, 8e-4, **SCRATCH, clips=2),
    ('base', '16x4x1-200e_ucf101_scratch'): R(128, 8e-4, **SCRATCH),
    ('base', '16x2x1-200e_hmdb51_scratch'): R(128, 8e-4, **SCRATCH, clips=10),
    # Tables 1e, 4 and 6: other pre-training data
    ('base', '16x4x1-100e_kinetics400_from-sthv2'): R(512, 1e-3, repeats=1),
    ('base', '16x4x1-100e_kinetics400_from-imagemae'): R(512, 1e-3, repeats=1),
    ('base', '1x1x16-50e_sthv2_from-imagemae'): R(512, 5e-4, repeats=1, clips=2),
    ('base', '1x1x16-50e_sthv2_from-kinetics400'): R(512, 5e-4, repeats=1, clips=2),
    ('base', '1x1x16-30e_sthv2_from-kinetics400'): R(384, 5e-4, clips=2),
    ('large', '1x1x16-30e_sthv2_from-kinetics400'): R(512, 5e-4, path=0.2, dropout=0.5, clips=2),
    ('base', '16x4x1-100e_ucf101_from-kinetics400'): R(128, 5e-4, **SMALL_SET),
    ('base', '16x2x1-50e_hmdb51_from-kinetics400'): R(128, 1e-3, **SMALL_SET, clips=10),
    # Table 7, 320 pixels; V2 Table 5 on VideoMAE's ViT-H
    ('large', '32x4x1-5e_kinetics400_320px'): R(32, 1e-4, path=0.2, clips=4, pixels=320, **LARGER),
    ('huge', '32x4x1-5e_kinetics400_320px'): R(32, 1e-4, path=0.2, clips=4, pixels=320, **LARGER),
    ('huge', '16x4x1-40e_kinetics710'): R(128, 1e-3, **POST_H),
    ('huge', '16x4x1-3e_kinetics400_from-kinetics710'): R(96, 1e-5, **POST_H, warmup=1, rows=400),
    # No published recipe
    ('large', '16x4x1-35e_kinetics700'): R(128, 2e-3),
    ('base', '16x4x1-100e_diving48_from-kinetics400'): R(128, 5e-4, **SMALL_SET),
    ('small', '16x4x1-100e_custom'): R(128, 5e-4, **SMALL_SET),
}
# Scripts of VideoMAE V2; V2 Tables 9, 11 and 16.
VIDEOMAEV2 = {
    ('base', '16x4x1-90e_kinetics400'): R(512, 7e-4),
    ('base', '16x4x1-90e_kinetics710'): R(512, 7e-4),
    ('base', '1x1x16-25e_sthv2'): R(256, 2e-3, 0.65, clips=2),
    ('base', '1x1x16-25e_sthv2-rawframes'): R(256, 2e-3, 0.65, clips=2),
    ('large', '16x4x1-35e_kinetics400'): R(192, 2e-3, path=0.2),
    ('large', '1x1x16-20e_sthv2'): R(192, 5e-4, path=0.2, clips=2),
    ('huge', '16x4x1-40e_kinetics400'): R(128, 1e-3, **POST_H),
    ('huge', '16x4x1-40e_kinetics600'): R(128, 1e-3, **POST_H),
    ('huge', '16x4x1-40e_kinetics710'): R(128, 1e-3, **POST_H),
    ('huge', '1x1x16-20e_sthv2'): R(128, 5e-4, 0.8, 0.2, clips=2),
    ('giant', '16x4x1-30e_kinetics400'): R(192, 1e-3, 0.9, 0.2, weight_decay=0.1),
    ('giant', '16x4x1-35e_kinetics710'): R(96, 1e-3, 0.9, 0.3, clip_grad=5.0, weight_decay=0.1),
    ('giant', '16x4x1-3e_kinetics400_from-kinetics710'): R(
        96, 1e-5, 0.9, 0.25, warmup=1, weight_decay=0.1, rows=400
    ),
    ('giant', '16x4x1-3e_kinetics600_from-kinetics710'): R(
        96, 1e-5, 0.9, 0.25, warmup=1, weight_decay=0.1, rows=600
    ),
    ('giant', '1x1x16-20e_sthv2'): R(96, 3e-4, 0.9, 0.25, clips=2),
    ('giant', '16x4x1-50e_ucf101_from-kinetics710'): R(24, 1e-3, 0.9, 0.35, 0.5),
    ('giant', '16x2x1-15e_hmdb51_from-kinetics710'): R(24, 5e-4, 0.9, 0.35, 0.5),
    # Table 9
    ('giant', '16x4x1-3e_kinetics400_from-kinetics710-table9'): R(
        32, 1e-5, 0.9, 0.3, 0.5, warmup=0, rows=400
    ),
    ('giant', '16x4x1-3e_kinetics600_from-kinetics710-table9'): R(
        32, 1e-5, 0.9, 0.3, 0.5, warmup=0, rows=600
    ),
    ('giant', '64x4x1-5e_kinetics400_from-kinetics710-266px'): R(
        32, 1e-4, 0.9, 0.35, **LARGER, clips=2, pixels=266, rows=400
    ),
    ('giant', '64x4x1-5e_kinetics600_from-kinetics710-266px'): R(
        32, 1e-4, 0.9, 0.35, **LARGER, clips=2, pixels=266, rows=600
    ),
    ('giant', '1x1x16-10e_sthv2_table9'): R(96, 3e-4, 0.9, 0.35, 0.5, clips=2),
    # Table 11
    ('giant', '16x4x1-35e_kinetics710_table11'): R(
        128, 1e-3, 0.9, 0.3, clip_grad=5.0, weight_decay=0.1
    ),
    # Table 16, and from there (Table 17)
    ('base', '16x4x1-100e_kinetics710_distilled'): R(1024, 1e-3, **STUDENT),
    ('small', '16x4x1-100e_kinetics710_distilled'): R(1024, 1e-3, **STUDENT),
    ('base', '1x1x16-100e_sthv2_distilled'): R(512, 5e-4, **STUDENT, clips=2),
    ('small', '1x1x16-100e_sthv2_distilled'): R(512, 5e-4, **STUDENT, clips=2),
    **{
        (size, f'16x4x1-3e_kinetics{k}_from-distilled'): R(96, 1e-5, warmup=1, clips=7, rows=k)
        for size in ('small', 'base')
        for k in (400, 600)
    },
    # No published recipe
    ('huge', '16x4x1-3e_kinetics400_from-kinetics710'): R(96, 1e-5, **POST_H, warmup=1, rows=400),
    ('huge', '16x4x1-3e_kinetics600_from-kinetics710'): R(96, 1e-5, **POST_H, warmup=1, rows=600),
    ('huge', '64x4x1-5e_kinetics400_from-kinetics710-288px'): R(
        32, 1e-4, 0.8, 0.2, **LARGER, clips=4, pixels=288, rows=400
    ),
    ('huge', '32x4x1-5e_kinetics600_from-kinetics710-384px'): R(
        32, 1e-4, 0.8, 0.2, **LARGER, clips=4, pixels=384, rows=600
    ),
    ('huge', '1x1x16-20e_sthv1'): R(128, 5e-4, 0.8, 0.2, clips=2),
    ('giant', '1x1x16-20e_sthv1'): R(96, 3e-4, 0.9, 0.25, clips=2),
}
RECIPES = {'videomae': VIDEOMAE, 'videomaev2': VIDEOMAEV2}
PRESETS = {  # GPUs x batch, besides the published: accumulated batches, whether the rate is scaled
    ('base', '16x4x1-100e_kinetics400'): {(8, 8): (8, 0), (4, 8): (16, 0), (1, 8): (8, 1)},
    ('base', '1x1x16-50e_sthv2'): {(8, 8): (8, 0), (4, 8): (16, 0), (1, 8): (8, 1)},
    ('base', '16x4x1-100e_ucf101'): {(4, 16): (2, 0), (1, 16): (8, 0)},
    ('small', '16x4x1-100e_custom'): {(1, 16): (8, 0)},
}
# Learning rates after scaling, worked out by hand.
SCALED_LR = {
    ('videomae', 'small', '16x4x1-150e_kinetics400'): 7.5e-4,
    ('videomae', 'base', '16x4x1-100e_kinetics400'): 2e-3,
    ('videomae', 'large', '16x4x1-35e_kinetics400'): 1e-3,
    ('videomae', 'base', '16x2x1-50e_hmdb51'): 5e-4,
    ('videomae', 'base', '1x1x16-100e_sthv2_linear-probe'): 0.4,
    ('videomaev2', 'base', '16x4x1-90e_kinetics710'): 1.4e-3,
    ('videomaev2', 'large', '16x4x1-35e_kinetics400'): 1.5e-3,
    ('videomaev2', 'giant', '16x4x1-35e_kinetics710'): 3.75e-4,
    ('videomaev2', 'giant', '16x4x1-3e_kinetics400_from-kinetics710'): 3.75e-6,
    ('videomaev2', 'giant', '64x4x1-5e_kinetics400_from-kinetics710-266px'): 1.25e-5,
    ('videomaev2', 'giant', '16x4x1-50e_ucf101_from-kinetics710'): 9.375e-5,
    ('videomaev2', 'base', '16x4x1-100e_kinetics710_distilled'): 4e-3,
}

leaves = pytest.mark.parametrize('path', LEAVES, ids=lambda p: p.stem)


@functools.cache
def load(path: Path) -> Config:
    """A config that all tests share: they only look."""
    return Config.fromfile(path)


def facts(path: Path) -> dict[str, Any]:
    """What the name says, numbers as numbers."""
    match = NAME.fullmatch(path.stem)
    assert match, f'{path.name} is not named as the others'
    found = {k: int(v) if v and v.isdigit() else v for k, v in match.groupdict().items()}
    assert path.parent.name == found['method']
    return found


def recipe_of(name: dict[str, Any]) -> Recipe:
    return RECIPES[name['method']][name['size'], name['run']]


def built(cfg: Config) -> nn.Module:
    """The model of a config, without memory."""
    return _built(json.dumps(cfg.model.to_dict()))


@functools.cache
def _built(model: str) -> nn.Module:
    with DefaultScope.overwrite_default_scope('mmvideomae'), torch.device('meta'):
        return registries.MODELS.build(ConfigDict(json.loads(model)))


def pipelines(cfg: Config) -> dict[str, list[ConfigDict]]:
    splits = ('train', 'val', 'test')
    return {split: cfg[f'{split}_dataloader'].dataset.pipeline for split in splits}


def header(path: Path) -> str:
    """The comment that opens a file, without its hashes, paragraphs in one line."""
    lines = []
    for line in path.read_text().splitlines():
        if not line.startswith('# '):
            break
        lines.append(line[2:])
    text = '\n'.join(lines).replace('/\\\n', '/').replace('\\\n', ' ')
    return re.sub(r'\n +', ' ', text)


def test_every_published_recipe_has_its_leaf() -> None:
    """No row is missing, and nothing is there that no table names."""
    found: dict[str, dict[Any, list[Any]]] = {method: {} for method in RECIPES}
    for path in LEAVES:
        name = facts(path)
        found[name['method']].setdefault((name['size'], name['run']), []).append(path)
    assert {method: set(runs) for method, runs in found.items()} == {
        method: set(table) for method, table in RECIPES.items()
    }
    assert set(SCALED_LR) <= {(m, *key) for m, table in RECIPES.items() for key in table}
    for method, runs in found.items():
        for key, paths in runs.items():
            layouts = {(facts(p)['gpus'], facts(p)['batch']) for p in paths}
            presets = set(PRESETS.get(key, {})) if method == 'videomae' else set()
            assert presets <= layouts and len(layouts - presets) <= 1, key


@leaves
def test_the_name_agrees_with_the_content(path: Path) -> None:
    """Size, patch, GPUs x batch, clip, epochs and data set, as the name has them."""
    name, cfg = facts(path), load(path)
    backbone = cfg.model.backbone
    assert cfg.default_scope == 'mmvideomae'
    assert (backbone.arch, backbone.patch_size) == (name['size'], name['patch'])
    assert name['patch'] == (14 if name['size'] == 'giant' else 16)
    assert (backbone.img_size, backbone.num_frames, backbone.tubelet_size) == (224, 16, 2)
    assert (backbone.out_type, backbone.weight_init) == ('avg', 'trunc_normal')
    assert cfg.model.cls_head.in_channels == ARCHS[name['size']].embed_dims
    checkpointed = backbone.get('with_cp', False)
    assert checkpointed == ('activation checkpointing' in header(path))
    assert checkpointed or name['size'] not in ('huge', 'giant')
    assert cfg.train_cfg.max_epochs == name['epochs']
    for split, pipeline in pipelines(cfg).items():
        sampling = pipeline[1]
        clips = 1 if split == 'train' else sampling.num_clips
        assert clips == {'train': 1, 'val': 1, 'test': recipe_of(name).clips}[split]
        if name['dataset'] in SPARSE:
            assert sampling.type == 'SampleSegments'
            assert name['clip'] == f'1x1x{sampling.clip_len}'
        else:
            assert sampling.type == 'SampleDenseClips'
            assert name['clip'] == f'{sampling.clip_len}x{sampling.stride}x1'
            assert sampling.stride == (2 if name['dataset'] == 'hmdb51' else 4)


@leaves
def test_batch_and_rate_are_those_of_the_published_run(path: Path) -> None:
    """Fewer GPUs reach the batch by accumulation or scale the rate; mixup has pairs."""
    name, cfg = facts(path), load(path)
    key = (name['size'], name['run'])
    presets = PRESETS.get(key, {}) if name['method'] == 'videomae' else {}
    accumulation, scaled = presets.get((name['gpus'], name['batch']), (1, 0))
    recipe = recipe_of(name)
    assert cfg.train_dataloader.batch_size == name['batch']
    assert cfg.optim_wrapper.get('accumulative_counts', 1) == accumulation
    assert cfg.auto_scale_lr.base_batch_size == recipe.total
    assert cfg.auto_scale_lr.enable == bool(scaled)
    if not scaled:
        assert name['gpus'] * name['batch'] * accumulation == recipe.total
    lr = cfg.optim_wrapper.optimizer.lr
    assert math.isclose(lr, recipe.base_lr * recipe.total / 256)
    assert math.isclose(lr, SCALED_LR.get((name['method'], *key), lr))
    if cfg.model.data_preprocessor.blend:
        repeats = pipelines(cfg)['train'][3].num_repeats
        assert name['batch'] * repeats % 2 == 0
    assert cfg.train_dataloader.drop_last


@leaves
def test_the_recipe_is_the_published_one(path: Path) -> None:
    """Floor, warm-up, layer decay, drop path, dropout, clipping, weight decay, smoothing."""
    name, cfg = facts(path), load(path)
    recipe = recipe_of(name)
    wrapper = cfg.optim_wrapper
    lr = wrapper.optimizer.lr
    floor = cfg.param_scheduler.eta_min_ratio * lr
    assert math.isclose(floor, recipe.min_lr * recipe.total / 256)
    assert cfg.param_scheduler.type == 'WarmupCosineLR'
    assert cfg.param_scheduler.warmup == recipe.warmup
    assert wrapper.optimizer.weight_decay == recipe.weight_decay
    assert wrapper.get('clip_grad') == (recipe.clip_grad and {'max_norm': recipe.clip_grad})
    head, backbone = cfg.model.cls_head, cfg.model.backbone
    assert backbone.drop_path_rate == recipe.path
    preprocessor = cfg.model.data_preprocessor
    assert preprocessor.type == 'ClassificationDataPreprocessor'
    if name['variant'] == 'linear-probe':
        assert wrapper.optimizer.type == 'SGD' and wrapper.optimizer.momentum == 0.9
        assert backbone.frozen and head.type == 'LinearProbeHead' and 1.0 in head.lr_factors
        assert preprocessor.blend is None and preprocessor.label_smoothing == 0
        assert cfg.val_evaluator.type == cfg.test_evaluator.type == 'LinearProbeMetric'
        assert cfg.default_hooks.choose_probe.type == 'ChooseProbeHook'
        assert cfg.default_hooks.checkpoint.save_best == 'acc/best_top1'
        return
    assert wrapper.optimizer.type == 'AdamW'
    assert tuple(wrapper.optimizer.betas) == (0.9, 0.999) and wrapper.optimizer.eps == 1e-8
    assert wrapper.paramwise_cfg.layer_decay_rate == recipe.decay
    assert (head.type, head.init_scale, head.dropout_ratio) == ('LinearHead', 0.001, recipe.dropout)
    blend = {'mixup_alpha': 0.8, 'cutmix_alpha': 1.0, 'prob': 1.0, 'switch_prob': 0.5}
    assert preprocessor.blend == blend and preprocessor.label_smoothing == 0.1
    assert head.average_clips == 'prob'
    assert cfg.val_evaluator.type == cfg.test_evaluator.type == 'AccMetric'
    assert 'custom_hooks' not in cfg  # no average of the weights


@leaves
def test_the_data_are_those_of_the_name(path: Path) -> None:
    """Lists, classes everywhere alike; something-something is never mirrored."""
    name, cfg = facts(path), load(path)
    classes, listed, folder = DATASETS[name['dataset']]
    assert cfg.model.cls_head.num_classes == classes
    assert cfg.model.data_preprocessor.num_classes == classes
    for split in ('train', 'val', 'test'):
        dataset = cfg[f'{split}_dataloader'].dataset
        source = dataset.sources[0]
        expected = listed if split == 'train' else listed.replace('train', 'val')
        assert source.ann_file == f'data/{expected}'
        assert source.data_prefix == f'data/{folder}'.rstrip('/')
        assert dataset.labelled and dataset.num_classes == classes
        assert dataset.classes == f'data/{listed.split("/")[0]}/classes.txt'
        assert dataset.get('test_mode', False) == (split != 'train')
        assert dataset.get('mirrorable', True) == (name['dataset'] not in SPARSE)
        raw = name['dataset'] in ('sthv1', 'sthv2-rawframes')
        assert source.get('columns') == ('path total label' if raw else None)
    assert cfg.train_pipeline[1].clip_len and cfg.test_pipeline[1].clip_len


@leaves
def test_the_pipelines_are_those_of_the_papers(path: Path) -> None:
    """C.2 and C.5: order and values of the augmentation, sizes and crops of the views."""
    name, cfg = facts(path), load(path)
    recipe, steps = recipe_of(name), pipelines(cfg)
    outer = ['OpenVideo', steps['train'][1].type, 'ReadFrames']
    assert [s.type for s in steps['train']] == [*outer, 'RepeatAugment', 'PackClips']
    assert steps['train'][3].num_repeats == recipe.repeats
    inner = {
        s['type']: {k: v for k, v in s.items() if k != 'type'} for s in steps['train'][3].transforms
    }
    if name['variant'] == 'linear-probe':
        assert inner == {'ClipMultiScaleCrop': {'size': 224}}
    else:
        expected = {
            'ClipRandAugment': {'magnitude': 7, 'num_ops': 4, 'magnitude_std': 0.5},
            'ClipRandomResizedCrop': {'size': recipe.pixels},
            'ClipFlip': {'prob': 0.5},
            'ClipRandomErasing': {'prob': 0.25},
        }
        if name['dataset'] in SPARSE:
            del expected['ClipFlip']
        assert inner == expected and list(inner) == list(expected)
    for split, crops in (('val', 1), ('test', 3)):
        assert [s.type for s in steps[split]] == [*outer, 'CropViews', 'PackClips']
        assert (steps[split][3].size, steps[split][3].num_crops) == (recipe.pixels, crops)
        assert steps[split][1].test_mode
    assert cfg.test_dataloader.batch_size == 1
    if recipe.pixels != 224:
        assert cfg.model.test_cfg.max_testing_views == 1


@leaves
def test_a_run_starts_where_another_config_ends(path: Path) -> None:
    """``load_from`` and the teacher are last checkpoints of configs with that encoder and head."""
    name, cfg = facts(path), load(path)
    variant = name['variant'] or ''
    if 'scratch' in variant:
        assert cfg.load_from is None
        return
    hook = cfg.default_hooks.get('head_rows') or {}
    recipe = recipe_of(name)
    kept = f'data/kinetics710/label_710to{recipe.rows}.json' if recipe.rows else None
    assert hook.get('label_map') == kept
    if variant == 'from-imagemae':
        assert cfg.load_from == 'checkpoints/mae_pretrain_vit_base.pth'
        return
    start, previous = ends(cfg.load_from)
    assert start['size'] == name['size']
    assert previous.model.backbone.patch_size == name['patch']
    if recipe.rows:
        assert start['dataset'] == 'kinetics710'
    elif variant.endswith('px'):
        assert start['dataset'] == name['dataset'] and previous.model.cls_head.num_classes == 400
    if 'from-' in variant and 'distilled' not in variant:
        assert start['dataset'] == re.search(r'from-([a-z0-9]+)', variant).group(1)
    assert recipe.teacher == (cfg.model.type == 'DistilledRecognizer')
    if recipe.teacher:
        taught, teacher = ends(cfg.model.teacher_checkpoint)
        assert (taught['size'], taught['dataset']) == ('giant', name['dataset'])
        assert cfg.model.teacher.cls_head.num_classes == teacher.model.cls_head.num_classes
        same = ('type', 'arch', 'patch_size', 'img_size', 'num_frames', 'tubelet_size', 'out_type')
        for key in same:
            assert cfg.model.teacher.backbone[key] == teacher.model.backbone[key]
        assert (cfg.model.temperature, cfg.model.label_weight) == (3.0, 0.0)


@leaves
def test_the_weights_of_the_run_before_fit(path: Path, tmp_path: Path) -> None:
    """At full size: the encoder whole; head rows selected, kept, or dropped for a new head."""
    cfg = load(path)
    if not cfg.load_from or cfg.load_from.startswith('checkpoints/'):
        return
    _, previous = ends(cfg.load_from)
    rows, label_map = recipe_of(facts(path)).rows, None
    if rows:
        label_map = tmp_path / 'map.json'
        label_map.write_text(json.dumps(list(range(rows))))
    fitted = fit(built(previous).state_dict(), built(cfg), 'the run before', True, label_map)
    fresh = {key for key in built(cfg).state_dict() if key not in fitted.state_dict}
    said = ' '.join(fitted.notes)
    if previous.model.type == 'VideoMAE':
        assert {key.partition('.')[0] for key in fresh} == {'backbone', 'cls_head'}
        assert all('fc_norm' in key for key in fresh if key.startswith('backbone'))
    elif previous.model.cls_head.num_classes == cfg.model.cls_head.num_classes:
        assert not fresh and not said
    else:
        assert bool(fresh) == (rows is None)
        assert (f'{rows} of its 710 rows selected' if rows else 'head: dropped') in said


def ends(checkpoint: str) -> tuple[dict[str, Any], Config]:
    """Name and config of the run whose last checkpoint this is."""
    stem, epoch = re.fullmatch(r'work_dirs/(.+)/epoch_(\d+)\.pth', checkpoint).groups()
    (found,) = [p for p in CONFIGS.rglob(f'{stem}.py') if '_base_' not in p.parts]
    cfg = load(found)
    assert cfg.train_cfg.max_epochs == int(epoch)
    parts = re.match(r'.+_vit-(?P<size>\w+)-p\d+_[^_]+_(?P<dataset>[a-z0-9-]+)', stem)
    return parts.groupdict(), cfg


def giga_macs(cfg: Config) -> float:
    """Multiply-accumulates of one view, and 5 per element of a LayerNorm, by the formula."""
    width, depth, _, ratio = ARCHS[cfg.model.backbone.arch]
    patch = cfg.model.backbone.patch_size
    views = pipelines(cfg)['test']
    tokens = views[1].clip_len // 2 * (views[3].size // patch) ** 2
    per_token = 3 * 2 * patch**2 * width + depth * (4 + 2 * ratio) * width**2
    norms = 5 * width * (2 * depth * tokens + 1)
    head = width * cfg.model.cls_head.num_classes
    return (tokens * per_token + depth * 2 * tokens**2 * width + norms + head) / 1e9


@leaves
def test_the_header_says_command_cost_and_what_the_paper_reports(path: Path) -> None:
    """The command names file and GPUs; the cost is that of the built model and the formula."""
    name, text, cfg = facts(path), header(path), load(path)
    command, *notes = text.split('\n')
    relative = path.relative_to(ROOT).as_posix()
    if name['gpus'] == 1:
        environment = '(NUM_CLASSES=7 )?'
        assert re.fullmatch(rf'{environment}python tools/train\.py +{re.escape(relative)}', command)
    else:
        local = min(name['gpus'], 8)
        prefix = f'NNODES={name["gpus"] // 8} ' if name['gpus'] > 8 else ''
        pattern = rf'{prefix}bash tools/dist_train\.sh +{re.escape(relative)} {local}'
        assert re.fullmatch(pattern, command)
    labels = [note.split(':')[0] for note in notes]
    assert labels[:2] == ['Cost', 'Paper'] and 'Recipe' in labels
    assert f'{name["gpus"]} GPU' in text
    stated = float(re.search(r'Cost: ([\d.]+) G multiply-accumulates per view', text).group(1))
    assert stated == pytest.approx(giga_macs(cfg), rel=1e-3, abs=5.1e-3)
    views = pipelines(cfg)['test']
    clips = '1 clip' if views[1].num_clips == 1 else f'{views[1].num_clips} clips'
    assert f'{clips} x {views[3].num_crops} crops in the test' in text
    parameters = sum(p.numel() for p in built(cfg).parameters())
    assert f'{parameters / 1e6:.1f} M parameters' in text


@leaves
def test_every_part_builds(path: Path) -> None:
    """Transforms and hooks are registered and accept what the config gives them."""
    cfg = load(path)
    with DefaultScope.overwrite_default_scope('mmvideomae'):
        for steps in pipelines(cfg).values():
            assert [registries.TRANSFORMS.build(step) for step in steps]
        for evaluator in (cfg.val_evaluator, cfg.test_evaluator):
            assert registries.METRICS.build(evaluator)
        for hook in cfg.default_hooks.values():
            assert registries.HOOKS.build(hook)


@pytest.mark.parametrize('folder', FOLDERS, ids=lambda p: p.name)
def test_every_leaf_is_listed(folder: Path) -> None:
    """Folders have README and metafile, the index names them, numbers say whose they are."""
    index = yaml.safe_load((ROOT / 'model-index.yml').read_text())
    metafile = folder / 'metafile.yml'
    assert metafile.relative_to(ROOT).as_posix() in index['Import']
    models = yaml.safe_load(metafile.read_text())['Models']
    paths = sorted(folder.glob('*.py'))
    assert sorted(m['Config'] for m in models) == [p.relative_to(ROOT).as_posix() for p in paths]
    readme = (folder / 'README.md').read_text()
    rows = {re.match(r'\| \[(.+?)\]', r).group(1): r for r in readme.split('\n') if r[:3] == '| ['}
    assert set(rows) == {p.stem for p in paths}
    for model in models:
        path = ROOT / model['Config']
        cfg, text = load(path), header(path)
        meta, row = model['Metadata'], rows[path.stem]
        assert model['Name'] == path.stem and f']({path.name})' in row
        assert meta['Batch Size'] == cfg.auto_scale_lr.base_batch_size
        assert meta['Epochs'] == cfg.train_cfg.max_epochs
        assert f'{meta["FLOPs (G)"]} G multiply' in re.sub(r'(\.\d)0 G mult', r'\1 G mult', text)
        assert f'{meta["Parameters (M)"]} M parameters' in text
        views = pipelines(cfg)['test']
        assert meta['Test Views'] == f'{views[1].num_clips} x {views[3].num_crops}'
        assert ('not published' in row) == ('Recipe: not published' in text)
        for result in model.get('Results', []):
            for metric, value in result['Metrics'].items():
                assert re.fullmatch(r'Top 1 Accuracy \(reported by the (paper|model zoo)\)', metric)
                assert f'{value} %' in text and f'{value} ' in row


def test_the_table_of_the_docs_agrees_with_the_configs() -> None:
    """docs/classification_recipes.md has one row per leaf with its values."""
    rows = {}
    for line in (ROOT / 'docs' / 'classification_recipes.md').read_text().splitlines():
        cells = [cell.strip() for cell in line.strip('|').split('|')]
        if line.startswith('| [`'):
            stem = re.match(r'\[`(.+?)`\]', cells[0]).group(1)
            assert stem not in rows, f'{stem} stands twice in the table'
            rows[stem] = cells[1:]
    assert set(rows) == {p.stem for p in LEAVES}
    for path in LEAVES:
        cfg, name = load(path), facts(path)
        steps = pipelines(cfg)
        total, wrapper = cfg.auto_scale_lr.base_batch_size, cfg.optim_wrapper
        decay = wrapper.get('paramwise_cfg', {}).get('layer_decay_rate')
        expected = [
            str(total),
            str(steps['train'][3].num_repeats),
            f'{wrapper.optimizer.lr:g}',
            str(cfg.param_scheduler.warmup),
            str(name['epochs']),
            f'{decay:g}' if decay else '-',
            f'{cfg.model.backbone.drop_path_rate:g}',
            f'{cfg.model.cls_head.get("dropout_ratio", 0):g}',
            f'{steps["test"][1].num_clips} x {steps["test"][3].num_crops}',
        ]
        assert rows[path.stem][: len(expected)] == expected, path.stem
        accumulation = rows[path.stem][len(expected)]
        if ' / ' in accumulation:
            counts = [int(count) for count in accumulation.split(' / ')]
            products = [n * name['batch'] * c for n, c in zip((8, 4, 1), counts, strict=True)]
            assert products == [total] * 3
        elif cfg.auto_scale_lr.enable:
            batch = name['gpus'] * name['batch'] * wrapper.accumulative_counts
            assert accumulation == f'scaled to {batch}'
        else:
            assert name['batch'] * name['gpus'] * int(accumulation) == total


def test_presets_for_fewer_gpus_train_as_the_published_run() -> None:
    """With their GPUs no preset warns of its batch; where it is smaller, the rate is, too."""
    for path in LEAVES:
        name, cfg = facts(path), copy.deepcopy(load(path))
        recipe = recipe_of(name)
        if cfg.auto_scale_lr.enable:
            done = scale_learning_rate(cfg, name['gpus'])
            assert done.total_batch_size < recipe.total
            assert math.isclose(done.new_lr, recipe.base_lr * done.total_batch_size / 256)
        assert batch_size_warning(cfg, name['gpus']) is None


@pytest.mark.parametrize('folder', FOLDERS, ids=lambda p: p.name)
def test_the_commands_of_the_readme_work(folder: Path) -> None:
    """Every config that a README's command names exists; its accumulation gives the batch."""
    text = (folder / 'README.md').read_text()
    text = re.sub(r'\\\n *', lambda m: '' if text[m.start() - 1] == '/' else ' ', text)
    commands = [line for line in text.split('\n') if re.search(r'(train|test)\.(sh|py)\b', line)]
    commands = [line for line in commands if 'configs/' in line and not line.startswith('|')]
    assert len(commands) >= 4
    accumulating = 0
    for command in commands:
        config, *rest = re.search(r'(configs/\S+\.py) ?(\d*)(.*)', command).groups()
        cfg = copy.deepcopy(load(ROOT / config))
        gpus, options = int(rest[0] or 1), re.findall(r'optim_wrapper\.(\w+)=(\d+)', rest[1])
        if options:
            cfg.merge_from_dict({f'optim_wrapper.{key}': int(value) for key, value in options})
            assert gpus == 8 and batch_size_warning(cfg, gpus) is None
            accumulating += 1
    assert accumulating == 1


@pytest.mark.parametrize(('dataset', 'split'), [('ucf101', '2'), ('hmdb51', '3')])
def test_the_environment_chooses_the_split(
    dataset: str, split: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SPLIT=2 reads the lists of the second split in training, validation and test."""
    monkeypatch.setenv('SPLIT', split)
    cfg = Config.fromfile(CONFIGS / '_base_' / 'datasets' / f'{dataset}.py')
    lists = [cfg[f'{s}_dataloader'].dataset.sources[0].ann_file for s in ('train', 'val', 'test')]
    assert lists == [f'data/{dataset}/split{split}/{s}.csv' for s in ('train', 'val', 'val')]


def test_the_environment_tells_the_number_of_ones_own_classes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """NUM_CLASSES reaches the head, the soft labels and the three data sets."""
    monkeypatch.setenv('NUM_CLASSES', '7')
    (path,) = [p for p in LEAVES if p.stem.endswith('_custom')]
    cfg = Config.fromfile(path)
    sets = [cfg[f'{split}_dataloader'].dataset for split in ('train', 'val', 'test')]
    parts = [cfg.model.cls_head, cfg.model.data_preprocessor, *sets]
    assert [part.num_classes for part in parts] == [7] * 5
