"""Every detection config has the published values, and trains and tests on data of AVA's layout.

The tables below restate the published recipes independently of the configs.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
import torch
from mmcv.cnn.bricks import DropPath
from mmengine.config import Config
from mmengine.optim import build_optim_wrapper
from mmengine.registry import DefaultScope
from mmengine.runner import Runner
from torch import nn

from mmvideomae import registry as registries
from mmvideomae.checkpoints import fit
from mmvideomae.models.backbones.vit_videomae import ARCHS
from tests.support.leaves import (
    CONFIGS,
    LEAVES,
    command,
    encoder_macs,
    ends,
    header,
    listed,
    load,
    read,
    steps,
)
from tests.support.videos import moving_shapes, write_video

DETECTION = [path for path in LEAVES if CONFIGS / 'detection' in path.parents]
FOLDERS = sorted({p.parent for p in DETECTION})
FRAMES, FPS = 90, 30.0


class Recipe(NamedTuple):
    """D.3 and D.4 of the papers' code: a row, by size, data and start."""

    size: str
    gpus: int
    batch: int
    base_lr: float
    layer_decay: float
    epochs: int
    mean_ap: float
    start: str
    warmup: int = 5


K400, K700 = 'kinetics400', 'kinetics700'
RECIPES = {
    'videomae_vit-small-p16_16xb8-16x4x1-30e_ava_kinetics400': Recipe(
        'small', 16, 8, 1e-3, 0.6, 30, 22.5, K400
    ),
    'videomae_vit-small-p16_16xb8-16x4x1-30e_ava_kinetics400-labels': Recipe(
        'small', 16, 8, 5e-4, 0.6, 30, 28.4, K400
    ),
    'videomae_vit-base-p16_32xb4-16x4x1-30e_ava_kinetics400': Recipe(
        'base', 32, 4, 2.5e-4, 0.75, 30, 26.7, K400
    ),
    'videomae_vit-base-p16_32xb4-16x4x1-30e_ava_kinetics400-labels': Recipe(
        'base', 32, 4, 5e-4, 0.75, 30, 31.8, K400
    ),
    'videomae_vit-large-p16_32xb4-16x4x1-30e_ava_kinetics400': Recipe(
        'large', 32, 4, 2.5e-4, 0.75, 30, 34.3, K400
    ),
    'videomae_vit-large-p16_32xb4-16x4x1-20e_ava_kinetics400-labels': Recipe(
        'large', 32, 4, 5e-4, 0.8, 20, 37.0, K400
    ),
    'videomae_vit-huge-p16_64xb2-16x4x1-20e_ava_kinetics400': Recipe(
        'huge', 64, 2, 5e-4, 0.8, 20, 36.5, K400
    ),
    'videomae_vit-huge-p16_64xb2-16x4x1-20e_ava_kinetics400-labels': Recipe(
        'huge', 64, 2, 5e-4, 0.8, 20, 39.5, K400
    ),
    'videomae_vit-large-p16_32xb4-16x4x1-30e_ava_kinetics700': Recipe(
        'large', 32, 4, 2.5e-4, 0.75, 30, 36.1, K700
    ),
    'videomae_vit-large-p16_32xb4-16x4x1-20e_ava_kinetics700-labels': Recipe(
        'large', 32, 4, 5e-4, 0.8, 20, 39.3, K700
    ),
    'videomaev2_vit-giant-p14_64xb2-16x4x1-10e_ava': Recipe(
        'giant', 64, 2, 3e-4, 0.9, 10, 42.6, 'kinetics710', warmup=2
    ),
    'videomaev2_vit-giant-p14_64xb2-16x4x1-10e_ava_scale-crop': Recipe(
        'giant', 64, 2, 3e-4, 0.9, 10, 42.6, 'kinetics710', warmup=2
    ),
    'videomaev2_vit-giant-p14_64xb2-16x4x1-10e_ava-kinetics': Recipe(
        'giant', 64, 2, 3e-4, 0.9, 10, 43.9, 'kinetics710', warmup=2
    ),
    'videomae_vit-base-p16_8xb8-16x4x1-20e_ava-kinetics_mmaction2': Recipe(
        'base', 8, 8, 1.25e-4, 0.75, 20, 33.6, K400
    ),
    'videomae_vit-large-p16_8xb8-16x4x1-20e_ava-kinetics_mmaction2': Recipe(
        'large', 8, 8, 2.5e-4, 0.8, 20, 38.7, K400
    ),
}
PARAMS = {'small': 21.911, 'base': 86.289, 'large': 303.943, 'huge': 631.710, 'giant': 1011.724}
"""Millions, of the encoder with its last norm and of 80 rows (A.1)."""
leaves = pytest.mark.parametrize('path', DETECTION, ids=lambda p: p.stem)


def of_mmaction2(path: Path) -> bool:
    return path.stem.endswith('_mmaction2')


@pytest.fixture(autouse=True)
def scope() -> Iterator[None]:
    with DefaultScope.overwrite_default_scope('mmvideomae'):
        yield


def test_the_table_names_every_config() -> None:
    assert set(RECIPES) == {p.stem for p in DETECTION}


@leaves
def test_schedule(path: Path) -> None:
    cfg, recipe = read(path), RECIPES[path.stem]
    total = recipe.gpus * recipe.batch
    assert f'_{recipe.gpus}xb{recipe.batch}-16x4x1-{recipe.epochs}e_' in path.stem
    assert cfg.train_dataloader.batch_size == recipe.batch
    assert cfg.auto_scale_lr.base_batch_size == total
    assert cfg.train_cfg.max_epochs == recipe.epochs
    optimizer = cfg.optim_wrapper.optimizer
    scale = 1 if of_mmaction2(path) else total / 256
    assert optimizer.lr == pytest.approx(recipe.base_lr * scale)
    assert (optimizer.type, optimizer.weight_decay) == ('AdamW', 0.05)
    assert tuple(optimizer.betas) == (0.9, 0.999)
    assert cfg.optim_wrapper.paramwise_cfg.layer_decay_rate == recipe.layer_decay
    if of_mmaction2(path):
        linear, cosine = cfg.param_scheduler
        assert (linear.type, linear.start_factor, linear.end) == ('LinearLR', 0.1, 5)
        assert (cosine.T_max, cosine.begin, cosine.eta_min) == (15, 5, 0)
        assert cfg.optim_wrapper.clip_grad.max_norm == 40
        return
    assert cfg.param_scheduler.warmup == recipe.warmup
    assert cfg.param_scheduler.eta_min_ratio * recipe.base_lr == pytest.approx(1e-6)
    assert 'clip_grad' not in cfg.optim_wrapper


@leaves
def test_model(path: Path) -> None:
    """Encoder, pooling and boxes of the two codes."""
    cfg, recipe = read(path), RECIPES[path.stem]
    backbone, head, train = cfg.model.backbone, cfg.model.roi_head, cfg.model.train_cfg.rcnn
    giant, official = recipe.size == 'giant', not of_mmaction2(path)
    patch = 14 if giant else 16
    assert (backbone.arch, backbone.patch_size) == (recipe.size, patch)
    assert backbone.drop_path_rate == (0.3 if giant else 0.2)
    extractor, rows = head.bbox_roi_extractor, head.bbox_head
    assert (extractor.output_size, extractor.stride) == (7 if official else 8, patch)
    assert (rows.num_classes, rows.in_channels) == (80, ARCHS[recipe.size].embed_dims)
    assert rows.get('background', False) is (not official)
    assert train.max_boxes == (100 if official else 32)
    assert cfg.model.data_preprocessor.pad_divisor == patch


@leaves
def test_evaluation_follows_whose_recipe_it_is(path: Path) -> None:
    cfg = read(path)
    for name in ('val_evaluator', 'test_evaluator'):
        metric = registries.METRICS.build(cfg[name])
        protocol = (0.002, True) if of_mmaction2(path) else (0, False)
        assert (metric.action_threshold, metric.ignore_empty) == protocol


@leaves
def test_clips(path: Path) -> None:
    """16 frames, every fourth, 25 a second where the official code reads; sizes of both codes."""
    cfg, official = read(path), not of_mmaction2(path)
    train, test = steps(cfg), steps(cfg, 'test')
    for found in (train, test):
        sampling = found['SampleKeyFrameClip']
        assert (sampling.clip_len, sampling.stride) == (16, 4)
        assert (sampling.phase, sampling.fps) == ((1, 25) if official else (0, None))
    assert train['ClipRandomCropBoxes'].size == (224 if official else 256)
    assert test['ClipResizeShortSide'].short_side == 256
    scaled = path.stem.endswith('_scale-crop')  # of V2's paper, with crops and flips alone
    assert ('ClipColorJitterHSV' in train) == (official and not scaled)
    varied = scaled or not official
    assert train['ClipResizeShortSide'].short_side == ((256, 320) if varied else 256)
    dataset = cfg.test_dataloader.dataset
    assert (dataset.num_classes, dataset.min_box_score) == (80, 0.8 if official else 0.9)


@leaves
def test_a_run_starts_where_another_config_ends(path: Path) -> None:
    cfg, recipe = read(path), RECIPES[path.stem]
    stem, previous = ends(cfg.load_from)
    assert previous.model.backbone.arch == recipe.size and recipe.start in stem
    labels = path.stem.endswith('-labels') or of_mmaction2(path) or recipe.size == 'giant'
    assert previous.model.type == ('Recognizer3D' if labels else 'VideoMAE')


@pytest.mark.parametrize('labels', [False, True])
def test_the_weights_of_the_run_before_fit(labels: bool) -> None:
    """Of the encoder all but the last norm, which a classifier has for the mean of its tokens."""
    pytest.importorskip('mmdet', reason='needs the detection level')
    stem = f'videomae_vit-small-p16_16xb8-16x4x1-30e_ava_kinetics400{"-labels" if labels else ""}'
    cfg = load(next(p for p in DETECTION if p.stem == stem))
    _, previous = ends(cfg.load_from)
    model = registries.MODELS.build(cfg.model)
    before = registries.MODELS.build(previous.model).state_dict()
    kept = fit(before, model, 'the run before', training=True).state_dict
    fresh = {key.rpartition('.')[0] for key in model.state_dict() if key not in kept}
    norm = {'backbone.norm'} if labels else set()
    assert fresh == {'roi_head.bbox_head.fc_cls'} | norm


@leaves
def test_the_header_says_command_cost_and_what_is_reported(path: Path) -> None:
    recipe, text, cfg = RECIPES[path.stem], header(path), read(path)
    assert re.match(command(path, recipe.gpus), text)
    assert f'{recipe.gpus} GPUs' in text and f'{recipe.mean_ap} mAP' in text
    width = ARCHS[recipe.size].embed_dims
    tokens = 8 * (224 // cfg.model.backbone.patch_size) ** 2
    macs = encoder_macs(cfg, 16, 224) + 5 * width * tokens  # the last norm
    stated = float(re.search(r'Cost: ([\d.]+) G multiply-accumulates', text).group(1))
    assert stated == pytest.approx(macs / 1e9, rel=1e-3)
    params = PARAMS[recipe.size] + (width + 1) / 1e6 * of_mmaction2(path)
    assert f'{params:.1f} M parameters' in text


@pytest.mark.parametrize('size', ['small', 'base'])
def test_full_size_has_the_stated_parameters(size: str) -> None:
    pytest.importorskip('mmdet', reason='needs the detection level')
    path = next(p for p in DETECTION if f'vit-{size}-' in p.stem)
    with torch.device('meta'):
        model = registries.MODELS.build(load(path).model)
    count = sum(p.numel() for p in model.parameters()) / 1e6
    assert count == pytest.approx(PARAMS[size], abs=1e-3)


def make_data(root: Path, cfg: Config) -> None:
    """Two key frames of a 72x96 video for each split, in the files named by the config."""
    write_video(root / 'videos' / 'abcdefghijk.mp4', moving_shapes(FRAMES, 72, 96), fps=FPS)
    rows = ['0901,0.1,0.2,0.6,0.9,1,0', '0901,0.1,0.2,0.6,0.9,80,0', '0902,0.5,0.0,1.0,0.8,3,1']
    (root / 'boxes.csv').write_text(''.join(f'abcdefghijk,{row}\n' for row in rows))
    (root / 'excluded.csv').write_text('abcdefghijk,0903\n')
    names = ''.join(
        f'item {{\n  name: "class {number}"\n  id: {number}\n}}\n' for number in (1, 3, 80)
    )
    (root / 'classes.pbtxt').write_text(names)
    found = ['0901,0.1,0.2,0.6,0.9,0.95', '0902,0.5,0.01,1.0,0.8,0.93', '0902,0.0,0.0,0.2,0.2,0.5']
    (root / 'found.csv').write_text(''.join(f'abcdefghijk,{row}\n' for row in found))
    for name in ('train', 'val', 'test'):
        loader = cfg[f'{name}_dataloader']
        loader.update(num_workers=0, persistent_workers=False, pin_memory=False, batch_size=2)
        dataset = loader.dataset
        dataset.update(
            ann_file=str(root / 'boxes.csv'),
            label_map=str(root / 'classes.pbtxt'),
            excluded_file=str(root / 'excluded.csv'),
        )
        dataset.videos = dict(folder=str(root / 'videos'), start_second=900)
        if 'proposal_file' in dataset:
            dataset.proposal_file = str(root / 'found.csv')


def shrink(cfg: Config) -> None:
    """Use two narrow blocks and small pictures, but keep the leaf's choices."""
    model = cfg.model
    ratio = ARCHS[model.backbone.arch].mlp_ratio
    model.backbone.arch = dict(embed_dims=32, depth=2, num_heads=2, mlp_ratio=ratio)
    model.backbone.img_size = 4 * model.backbone.patch_size
    model.roi_head.bbox_head.in_channels = 32
    for name in ('train', 'val', 'test'):
        steps(cfg, name)['ClipResizeShortSide'].short_side = 72
    steps(cfg)['ClipRandomCropBoxes'].size = model.backbone.img_size
    cfg.optim_wrapper.pop('accumulative_counts', None)


@pytest.mark.parametrize(
    'stem',
    [
        'videomaev2_vit-giant-p14_64xb2-16x4x1-10e_ava-kinetics',
        'videomae_vit-base-p16_8xb8-16x4x1-20e_ava-kinetics_mmaction2',
    ],
)
def test_a_shrunken_leaf_trains_a_step_and_predicts(stem: str, tmp_path: Path) -> None:
    """The real pipeline and optimizer move every parameter; test frames keep their shape."""
    pytest.importorskip('mmdet', reason='needs the detection level')
    cfg = load(next(p for p in DETECTION if p.stem == stem))
    make_data(tmp_path, cfg)
    shrink(cfg)
    torch.manual_seed(0)
    model = registries.MODELS.build(cfg.model)
    model.init_weights()
    optim = build_optim_wrapper(model, cfg.optim_wrapper)
    for part in model.modules():
        if isinstance(part, DropPath):
            part.drop_prob = 0.0
        elif isinstance(part, nn.Dropout):
            part.p = 0.0
    before = {name: p.detach().clone() for name, p in model.named_parameters()}
    batch = next(iter(Runner.build_dataloader(cfg.train_dataloader, seed=0)))
    losses = model.train_step(batch, optim)
    assert all(torch.isfinite(value).all() for value in losses.values())
    unmoved = [name for name, p in model.named_parameters() if torch.equal(p, before[name])]
    assert not unmoved

    model.eval()
    batch = next(iter(Runner.build_dataloader(cfg.test_dataloader)))
    assert tuple(batch['inputs'][0].shape[-3:-1]) == (72, 96)
    with torch.no_grad():
        samples = model.test_step(batch)
    scores = [sample.pred_instances.scores for sample in samples]
    assert [tuple(each.shape) for each in scores] == [(1, 80), (1, 80)]
    assert all(((each >= 0) & (each <= 1)).all() for each in scores)


@pytest.mark.slow
def test_a_shrunken_leaf_runs_through_the_runner(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Loop, schedule, hooks, validation and the metric do an epoch together."""
    pytest.importorskip('mmdet', reason='needs the detection level')
    cfg = load(DETECTION[0])
    make_data(tmp_path, cfg)
    shrink(cfg)
    cfg.work_dir, cfg.load_from = str(tmp_path / 'work'), None
    cfg.train_cfg.update(max_epochs=2, val_interval=1)
    cfg.param_scheduler.warmup = 1
    monkeypatch.setattr('mmengine.runner.runner.collect_env', dict)
    runner = Runner.from_cfg(cfg)
    runner.train()
    metrics = runner.val_loop.run()
    assert 0 <= metrics['frame/mAP'] <= 1
    assert list((tmp_path / 'work').glob('*.pth'))


@pytest.mark.parametrize('folder', FOLDERS, ids=lambda p: p.name)
def test_every_config_is_listed(folder: Path) -> None:
    """Numbers name their source."""
    for stem, (model, row) in listed(folder).items():
        recipe, meta = RECIPES[stem], model['Metadata']
        total, rate = recipe.gpus * recipe.batch, read(folder / f'{stem}.py').optim_wrapper
        assert (meta['Batch Size'], meta['Epochs']) == (total, recipe.epochs)
        ((label, value),) = model['Results'][0]['Metrics'].items()
        assert 'not measured here' in label and value == recipe.mean_ap
        numbers = f'| {total} | {rate.optimizer.lr:g} | {recipe.layer_decay} | {recipe.epochs} |'
        assert numbers in row and f'| {value} (' in row
