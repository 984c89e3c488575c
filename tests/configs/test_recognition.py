"""Every classification config agrees with its name, its header, the docs and the papers.

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
from mmengine.config import Config, ConfigDict
from mmengine.registry import DefaultScope
from torch import nn

from mmvideomae import registry as registries
from mmvideomae.checkpoints.fitting import fit
from mmvideomae.engine import batch_size_warning, scale_learning_rate
from tests.support.leaves import (
    CONFIGS,
    LEAVES,
    ROOT,
    command,
    encoder_macs,
    ends,
    header,
    listed,
    read,
    steps,
    table,
)

RECOGNITION = [
    path
    for path in LEAVES
    if path.parent in [CONFIGS / 'recognition' / m for m in ('videomae', 'videomaev2', 'mocov3')]
]
FOLDERS = sorted({p.parent for p in RECOGNITION})

# <method>_vit-<size>-p<patch>_<gpus>xb<batch>-<clip>-<epochs>e_<dataset>[_<variant>].py
NAME = re.compile(
    r'(?P<method>videomae|videomaev2|mocov3)_vit-(?P<size>small|base|large|huge|giant)-'
    r'p(?P<patch>\d+)_(?P<gpus>\d+)xb(?P<batch>\d+)-'
    r'(?P<run>(?P<clip>\d+x\d+x\d+)-(?P<epochs>\d+)e_'
    r'(?P<dataset>[a-z0-9]+(?:-rawframes)?)(?:_(?P<variant>[a-z0-9]+(?:-[a-z0-9]+)*))?)'
)
CLASSES = {
    **{f'kinetics{count}': count for count in (400, 600, 700, 710)},
    **dict.fromkeys(('sthv1', 'sthv2', 'sthv2-rawframes'), 174),
    'ucf101': 101,
    'hmdb51': 51,
    'diving48': 48,
    'custom': 10,
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
    ('base', '16x4x1-100e_kinetics400_repeats2'): R(512, 1e-3),
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
    # Tables 1d, 1e, 4 and 6: other pre-training data
    ('base', '16x4x1-100e_kinetics400_from-imagenet21k'): R(512, 1e-3, repeats=1),
    ('base', '1x1x16-50e_sthv2_from-imagenet21k'): R(512, 5e-4, repeats=1, clips=2),
    ('base', '1x1x16-50e_sthv2_from-imagenet21k-kinetics400'): R(512, 5e-4, repeats=1, clips=2),
    ('base', '16x4x1-100e_kinetics400_from-sthv2'): R(512, 1e-3, repeats=1),
    ('base', '16x4x1-100e_kinetics400_from-imagemae'): R(512, 1e-3, repeats=1),
    ('base', '1x1x16-50e_sthv2_from-imagemae'): R(512, 5e-4, repeats=1, clips=2),
    ('base', '1x1x16-50e_sthv2_from-kinetics400'): R(512, 5e-4, repeats=1, clips=2),
    ('base', '1x1x16-30e_sthv2_from-kinetics400'): R(384, 5e-4, clips=2),
    ('large', '1x1x16-30e_sthv2_from-kinetics400'): R(512, 5e-4, path=0.2, dropout=0.5, clips=2),
    ('base', '16x4x1-100e_ucf101_from-kinetics400'): R(128, 5e-4, **SMALL_SET),
    ('base', '16x2x1-50e_hmdb51_from-kinetics400'): R(128, 1e-3, **SMALL_SET, clips=10),
    ('base', '16x4x1-100e_ucf101_from-kinetics400-800e'): R(128, 5e-4, **SMALL_SET),
    ('base', '16x2x1-50e_hmdb51_from-kinetics400-800e'): R(128, 1e-3, **SMALL_SET, clips=10),
    # V2 Table 4 on VideoMAE's ViT-H
    ('huge', '1x1x16-30e_sthv2'): R(512, 5e-4, path=0.2, dropout=0.5, clips=2),
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
    ('huge', '1x1x16-20e_sthv2_from-kinetics710'): R(128, 5e-4, 0.8, 0.2, clips=2),
    ('giant', '1x1x16-20e_sthv2_from-kinetics710'): R(96, 3e-4, 0.9, 0.25, clips=2),
    ('huge', '1x1x16-20e_sthv1'): R(128, 5e-4, 0.8, 0.2, clips=2),
    ('giant', '1x1x16-20e_sthv1'): R(96, 3e-4, 0.9, 0.25, clips=2),
}
# V1 Tables 2, 3 and 4 compare with it; it is fine-tuned like VideoMAE.
MOCOV3 = {
    ('base', run): VIDEOMAE['base', run]
    for run in (
        '16x4x1-100e_kinetics400',
        '1x1x16-50e_sthv2',
        '16x4x1-100e_ucf101',
        '16x2x1-50e_hmdb51',
        '1x1x16-100e_sthv2_linear-probe',
        '1x1x16-50e_sthv2_from-kinetics400',
        '16x4x1-100e_ucf101_from-kinetics400',
        '16x2x1-50e_hmdb51_from-kinetics400',
    )
}
RECIPES = {'videomae': VIDEOMAE, 'videomaev2': VIDEOMAEV2, 'mocov3': MOCOV3}
leaves = pytest.mark.parametrize('path', RECOGNITION, ids=lambda p: p.stem)


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
    """The model of a config, without memory for its weights."""
    return _built(json.dumps(cfg.model.to_dict()))


@functools.cache
def _built(model: str) -> nn.Module:
    with DefaultScope.overwrite_default_scope('mmvideomae'), torch.device('meta'):
        return registries.MODELS.build(ConfigDict(json.loads(model)))


def views(cfg: Config) -> tuple[ConfigDict, ConfigDict]:
    """How a config's test samples a video and crops its clips."""
    found = steps(cfg, 'test')
    return next(step for kind, step in found.items() if 'Sample' in kind), found['CropViews']


def test_every_published_recipe_has_its_config() -> None:
    """No row is missing, and nothing is there that no table names."""
    found = [facts(path) for path in RECOGNITION]
    keys = [(name['method'], name['size'], name['run']) for name in found]
    assert sorted(keys) == sorted((m, *key) for m, rows in RECIPES.items() for key in rows)


@leaves
def test_the_name_agrees_with_the_content(path: Path) -> None:
    """Size, patch, GPUs x batch, clip, epochs, classes and views, as the name has them."""
    name, cfg = facts(path), read(path)
    recipe, classes = recipe_of(name), CLASSES[name['dataset']]
    backbone, total = cfg.model.backbone, cfg.auto_scale_lr.base_batch_size
    assert (backbone.arch, backbone.patch_size) == (name['size'], name['patch'])
    assert cfg.train_dataloader.batch_size == name['batch']
    accumulated = cfg.optim_wrapper.get('accumulative_counts', 1)
    assert name['gpus'] * name['batch'] * accumulated == total == recipe.total
    assert cfg.train_cfg.max_epochs == name['epochs']
    sampling, crop = views(cfg)
    sparse = f'1x1x{sampling.clip_len}'
    dense = f'{sampling.clip_len}x{sampling.get("stride")}x1'
    assert name['clip'] == (sparse if name['dataset'] in SPARSE else dense)
    assert (sampling.num_clips, crop.num_crops, crop.size) == (recipe.clips, 3, recipe.pixels)
    sets = [cfg[f'{split}_dataloader'].dataset for split in ('train', 'val', 'test')]
    assert [each.num_classes for each in [cfg.model.cls_head, *sets]] == [classes] * 4
    unflipped = name['dataset'] in SPARSE or name['variant'] == 'linear-probe'
    assert ('ClipFlip' in steps(cfg)) != unflipped
    assert ('activation checkpointing' in header(path)) == backbone.get('with_cp', False)


@leaves
def test_the_recipe_is_the_published_one(path: Path) -> None:
    """Rate, floor, warm-up, layer decay, drop path, dropout, repeats, clipping, weight decay."""
    name, cfg = facts(path), read(path)
    recipe, wrapper = recipe_of(name), cfg.optim_wrapper
    assert math.isclose(wrapper.optimizer.lr, recipe.base_lr * recipe.total / 256)
    floor = cfg.param_scheduler.eta_min_ratio * wrapper.optimizer.lr
    assert math.isclose(floor, recipe.min_lr * recipe.total / 256)
    assert cfg.param_scheduler.warmup == recipe.warmup
    assert wrapper.optimizer.weight_decay == recipe.weight_decay
    assert wrapper.get('clip_grad') == (recipe.clip_grad and {'max_norm': recipe.clip_grad})
    assert wrapper.get('paramwise_cfg', {}).get('layer_decay_rate') == recipe.decay
    assert cfg.model.backbone.drop_path_rate == recipe.path
    assert cfg.model.cls_head.get('dropout_ratio', 0) == recipe.dropout
    assert steps(cfg)['RepeatAugment'].num_repeats == recipe.repeats
    assert (cfg.model.type == 'DistilledRecognizer') == recipe.teacher
    if cfg.model.data_preprocessor.blend:  # which mixes pairs
        assert name['batch'] * recipe.repeats % 2 == 0


@leaves
def test_a_run_starts_where_another_config_ends(path: Path) -> None:
    """``load_from`` and the teacher are last checkpoints of configs with that encoder and head."""
    name, cfg, variant = facts(path), read(path), facts(path)['variant'] or ''
    rows = recipe_of(name).rows
    hook = cfg.default_hooks.get('head_rows') or {}
    assert hook.get('label_map') == (rows and f'data/kinetics710/label_710to{rows}.json')
    image = variant.removeprefix('from-')
    if 'scratch' in variant or image in ('imagemae', 'imagenet21k'):
        assert cfg.load_from == (None if 'scratch' in variant else f'{image}_vit-base')
        return
    stem, previous = ends(cfg.load_from)
    assert name['method'] != 'mocov3' or stem.startswith('mocov3')
    for key in ('arch', 'patch_size'):
        assert previous.model.backbone[key] == cfg.model.backbone[key]
    source = re.search(r'from-(kinetics\d+|sthv2)', variant)
    assert not source or f'e_{source[1]}' in stem
    assert rows is None or previous.model.cls_head.num_classes == 710
    if cfg.model.type == 'DistilledRecognizer':
        taught, teacher = ends(cfg.model.teacher_checkpoint)
        assert '_vit-giant-' in taught and f'e_{name["dataset"]}' in taught
        assert teacher.model.cls_head.num_classes == cfg.model.cls_head.num_classes
        for key in ('arch', 'patch_size', 'img_size', 'num_frames', 'tubelet_size', 'out_type'):
            assert cfg.model.teacher.backbone[key] == teacher.model.backbone[key]


@pytest.mark.parametrize(
    ('pattern', 'fresh', 'said'),
    [
        ('videomae_vit-base-*-75e_kinetics400', {'fc_norm', 'cls_head'}, ''),
        ('videomae_vit-large-*_320px', set(), ''),
        ('videomaev2_vit-giant-*_ucf101_*', {'cls_head'}, 'head: dropped'),
        ('videomaev2_vit-huge-*-3e_kinetics600_*', set(), '600 of its 710 rows selected'),
    ],
)
def test_the_weights_of_the_run_before_fit(
    pattern: str, fresh: set[str], said: str, tmp_path: Path
) -> None:
    """At full size: the encoder whole; head rows selected, kept, or dropped for a new head."""
    (path,) = [p for p in RECOGNITION if p.match(f'{pattern}.py')]
    cfg, rows, label_map = read(path), recipe_of(facts(path)).rows, None
    if rows:
        label_map = tmp_path / 'map.json'
        label_map.write_text(json.dumps(list(range(rows))))
    _, previous = ends(cfg.load_from)
    fitted = fit(built(previous).state_dict(), built(cfg), 'the run before', True, label_map)
    missing = [key for key in built(cfg).state_dict() if key not in fitted.state_dict]
    assert {part for part in ('fc_norm', 'cls_head') for key in missing if part in key} == fresh
    assert all(any(part in key for part in fresh) for key in missing)
    assert said in ' '.join(fitted.notes)


@leaves
def test_the_header_says_command_cost_and_what_the_paper_reports(path: Path) -> None:
    """The command names file and GPUs; the cost is that of the built model and the formula."""
    name, text, cfg = facts(path), header(path), read(path)
    assert re.match(command(path, name['gpus']), text)
    labels = [note.split(':')[0] for note in text.split('\n')[1:]]
    assert labels[:2] == ['Cost', 'Paper'] and 'Recipe' in labels
    assert f'{name["gpus"]} GPU' in text
    sampling, crop = views(cfg)
    head = built(cfg).cls_head
    macs = encoder_macs(cfg, sampling.clip_len, crop.size)
    macs += head.in_channels * (5 + head.num_classes)
    stated = float(re.search(r'Cost: ([\d.]+) G multiply-accumulates per view', text).group(1))
    assert stated == pytest.approx(macs / 1e9, rel=1e-3, abs=5.1e-3)
    clips = '1 clip' if sampling.num_clips == 1 else f'{sampling.num_clips} clips'
    assert f'{clips} x {crop.num_crops} crops in the test' in text
    parameters = sum(p.numel() for p in built(cfg).parameters())
    assert f'{parameters / 1e6:.1f} M parameters' in text


@pytest.mark.parametrize('folder', FOLDERS, ids=lambda p: p.name)
def test_every_config_is_listed(folder: Path) -> None:
    """Numbers name their source, and agree in file, metafile and README."""
    for stem, (model, row) in listed(folder).items():
        path = folder / f'{stem}.py'
        cfg, text, meta = read(path), header(path), model['Metadata']
        assert meta['Batch Size'] == cfg.auto_scale_lr.base_batch_size
        assert meta['Epochs'] == cfg.train_cfg.max_epochs
        assert f'{meta["FLOPs (G)"]} G multiply' in re.sub(r'(\.\d)0 G mult', r'\1 G mult', text)
        assert f'{meta["Parameters (M)"]} M parameters' in text
        sampling, crop = views(cfg)
        assert meta['Test Views'] == f'{sampling.num_clips} x {crop.num_crops}'
        assert ('not published' in row) == ('Recipe: not published' in text)
        for result in model.get('Results', []):
            for metric, value in result['Metrics'].items():
                assert re.fullmatch(
                    r'((Single View )?Top 1|Top 5) Accuracy \(reported by the (paper|model zoo)\)',
                    metric,
                )
                assert f'{value} %' in text and f'{value} ' in row


def test_the_table_of_the_docs_agrees_with_the_configs() -> None:
    """docs/classification_recipes.md has one row per config with its values."""
    rows = table('classification_recipes.md')
    assert set(rows) == {p.stem for p in RECOGNITION}
    for path in RECOGNITION:
        cfg, name, recipe = read(path), facts(path), recipe_of(facts(path))
        expected = [
            str(recipe.total),
            str(recipe.repeats),
            f'{cfg.optim_wrapper.optimizer.lr:g}',
            str(recipe.warmup),
            str(name['epochs']),
            f'{recipe.decay:g}' if recipe.decay else '-',
            f'{recipe.path:g}',
            f'{recipe.dropout:g}',
            f'{recipe.clips} x 3',
        ]
        assert rows[path.stem][: len(expected)] == expected, path.stem
        counts = [int(count) for count in rows[path.stem][len(expected)].split(' / ')]
        gpus = (8, 4, 1) if len(counts) == 3 else (name['gpus'],)
        products = [n * name['batch'] * c for n, c in zip(gpus, counts, strict=True)]
        assert products == [recipe.total] * len(gpus), path.stem


@pytest.mark.parametrize('folder', FOLDERS, ids=lambda p: p.name)
def test_the_commands_of_the_readme_work(folder: Path) -> None:
    """Every config that a command names exists; accumulation gives the batch of its rate."""
    text = (folder / 'README.md').read_text()
    text = re.sub(r'\\\n *', lambda m: '' if text[m.start() - 1] == '/' else ' ', text)
    commands = re.findall(r'^.*(?:train|test)\.(?:sh|py) +(configs/\S+\.py) ?(\d*)(.*)', text, re.M)
    assert len(commands) >= 4
    accumulating = [each for each in commands if 'accumulative_counts' in each[2]]
    for config, gpus, rest in commands:
        cfg = copy.deepcopy(read(ROOT / config))
        if (config, gpus, rest) in accumulating:
            cfg.optim_wrapper.accumulative_counts = int(rest.rpartition('=')[2])
            if '--auto-scale-lr' in rest:
                assert scale_learning_rate(cfg, int(gpus or 1)).total_batch_size == 64
            assert batch_size_warning(cfg, int(gpus or 1)) is None
    assert accumulating


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
    (path,) = [p for p in RECOGNITION if p.stem.endswith('_custom')]
    cfg = Config.fromfile(path)
    model = built(cfg)
    sets = [cfg[f'{split}_dataloader'].dataset for split in ('train', 'val', 'test')]
    parts = [model.cls_head, model.data_preprocessor, *sets]
    assert [part.num_classes for part in parts] == [7] * 5
