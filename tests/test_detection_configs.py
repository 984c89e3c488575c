"""Every detection config has the published values, and trains and tests on data of AVA's layout.

The tables below restate the published recipes independently of the configs.
"""

import copy
import functools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import torch
import yaml
from mmcv.cnn.bricks import DropPath
from mmengine.config import Config
from mmengine.optim import build_optim_wrapper
from mmengine.registry import DefaultScope
from mmengine.runner import Runner
from torch import nn

from mmvideomae import registry as registries
from mmvideomae.checkpoints import fit
from mmvideomae.models.backbones.vit_videomae import ARCHS
from tests.support.videos import moving_shapes, write_video

ROOT = Path(__file__).resolve().parents[1]
CONFIGS = ROOT / 'configs'
FOLDERS = [CONFIGS / 'detection' / name for name in ('videomae', 'videomaev2')]
LEAVES = sorted(path for folder in FOLDERS for path in folder.glob('*.py'))
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
leaves = pytest.mark.parametrize('path', LEAVES, ids=lambda p: p.stem)


@functools.cache
def _loaded(path: Path) -> Config:
    return Config.fromfile(path)


def load(path: Path) -> Config:
    return copy.deepcopy(_loaded(path))


def of_mmaction2(path: Path) -> bool:
    return path.stem.endswith('_mmaction2')


@pytest.fixture(autouse=True)
def scope() -> Iterator[None]:
    with DefaultScope.overwrite_default_scope('mmvideomae'):
        yield


def test_the_table_names_every_leaf() -> None:
    assert set(RECIPES) == {p.stem for p in LEAVES}


@leaves
def test_schedule(path: Path) -> None:
    cfg, recipe = load(path), RECIPES[path.stem]
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
    cfg, recipe = load(path), RECIPES[path.stem]
    model, backbone = cfg.model, cfg.model.backbone
    assert (model.type, backbone.type, backbone.out_type) == (
        'mmdet.FastRCNN',
        'VideoMAEViT',
        'featmap',
    )
    patch = 14 if recipe.size == 'giant' else 16
    assert (backbone.arch, backbone.patch_size) == (recipe.size, patch)
    assert backbone.drop_path_rate == (0.3 if recipe.size == 'giant' else 0.2)
    official = not of_mmaction2(path)
    assert backbone.get('with_cp', False) is (official and recipe.size not in ('small', 'base'))
    extractor, head = model.roi_head.bbox_roi_extractor, model.roi_head.bbox_head
    assert (extractor.output_size, extractor.stride) == (7 if official else 8, patch)
    assert extractor.get('aligned', False) is (not official)
    assert extractor.get('sampling_ratio', 0) == 0
    assert head.num_classes == 80 and head.in_channels == ARCHS[recipe.size].embed_dims
    assert head.get('background', False) is (not official)
    assert head.get('dropout_ratio', 0) == (0 if official else 0.5)
    preprocessor, train, test = model.data_preprocessor, model.train_cfg.rcnn, model.test_cfg.rcnn
    if official:
        assert list(preprocessor.mean) == [122.7717, 115.9465, 102.9801]
        assert list(preprocessor.std) == [57.375] * 3
        assert (head.init_scale, head.get('loss_reduction', 'sum')) == (0.001, 'sum')
        assert (train.max_boxes, tuple(train.jitter)) == (100, (0.2, 0.1, 0.1, 0.05))
        assert tuple(test.extend) == (0.1, 0.05) and test.multiply_box_score
    else:
        assert list(preprocessor.mean) == [123.675, 116.28, 103.53]
        assert (head.init, head.loss_reduction) == ('xavier', 'mean')
        assert (train.max_boxes, train.jitter, train.min_iou) == (32, None, 0.9)
        assert test.extend is None and not test.multiply_box_score
    assert preprocessor.pad_divisor == patch


@leaves
def test_evaluation_follows_whose_recipe_it_is(path: Path) -> None:
    cfg = load(path)
    for name in ('val_evaluator', 'test_evaluator'):
        metric = registries.METRICS.build(cfg[name])
        protocol = (0.002, True) if of_mmaction2(path) else (0, False)
        assert (metric.action_threshold, metric.ignore_empty) == protocol


@leaves
def test_data(path: Path) -> None:
    cfg = load(path)
    train, test = cfg.train_dataloader.dataset, cfg.test_dataloader.dataset
    steps = {step.type: step for step in train.pipeline}
    kinds = ['OpenVideo', 'SampleKeyFrameClip', 'ReadFrames', 'ClipResizeShortSide']
    assert list(steps)[:6] == [*kinds, 'ClipRandomCropBoxes', 'ClipFlip']
    assert [step.type for step in test.pipeline] == [*kinds, 'PackActionBoxes']
    sampling = steps['SampleKeyFrameClip']
    assert (sampling.clip_len, sampling.stride) == (16, 4)
    assert steps['ClipFlip'].prob == 0.5
    for dataset in (train, test):
        assert dataset.num_classes == 80
        assert dataset.label_map.endswith('_v2.2_for_activitynet_2019.pbtxt')
    assert test.test_mode and not train.get('test_mode', False)
    assert test.pipeline[3].short_side == 256
    size, short = steps['ClipRandomCropBoxes'].size, steps['ClipResizeShortSide'].short_side
    if of_mmaction2(path):
        assert (size, tuple(short), sampling.phase, sampling.jitter) == (256, (256, 320), 0, True)
        assert 'ClipColorJitterHSV' not in steps
        assert (train.min_box_score, test.min_box_score) == (0.9, 0.9)
        assert (train.missing_proposals, test.missing_proposals) == ('skip', 'best')
        assert (train.videos.start_index, train.videos.fps) == (1, 30)
        assert train.proposal_file.endswith('_train.FAIR.recall_93.9.pkl')
        return
    assert (size, short, sampling.phase, sampling.fps) == (224, 256, 1, 25)
    assert test.pipeline[1].fps == 25
    jitter = steps['ClipColorJitterHSV']
    assert (jitter.hue, jitter.saturation, jitter.value) == (20, 0.1, 0.1)
    assert (test.min_box_score, test.missing_proposals) == (0.8, 'skip')
    assert 'proposal_file' not in train
    assert ('kinetics' in train.ann_file) is path.stem.endswith('ava-kinetics')


@leaves
def test_a_run_starts_where_another_config_ends(path: Path) -> None:
    cfg, recipe = load(path), RECIPES[path.stem]
    stem, epoch = re.fullmatch(r'work_dirs/(.+)/epoch_(\d+)\.pth', cfg.load_from).groups()
    (found,) = [p for p in CONFIGS.rglob(f'{stem}.py') if '_base_' not in p.parts]
    previous = load(found)
    assert previous.train_cfg.max_epochs == int(epoch)
    assert previous.model.backbone.arch == recipe.size
    assert recipe.start in stem
    labels = path.stem.endswith('-labels') or of_mmaction2(path) or recipe.size == 'giant'
    assert previous.model.type == ('Recognizer3D' if labels else 'VideoMAE')
    if recipe.size in ('large', 'huge', 'giant'):
        return  # as the smaller ones, and slow to build
    pytest.importorskip('mmdet', reason='needs the detection level')
    fitted = fit(
        registries.MODELS.build(previous.model).state_dict(),
        registries.MODELS.build(cfg.model),
        'the run before',
        training=True,
    )
    expected = registries.MODELS.build(cfg.model).state_dict()
    fresh = {key for key in expected if key not in fitted.state_dict}
    norm = {'backbone.norm.weight', 'backbone.norm.bias'}
    head = {'roi_head.bbox_head.fc_cls.weight', 'roi_head.bbox_head.fc_cls.bias'}
    assert fresh == (norm | head if labels else head)


@leaves
def test_the_header_says_command_cost_and_what_is_reported(path: Path) -> None:
    recipe = RECIPES[path.stem]
    text = '\n'.join(line for line in path.read_text().split('\n') if line.startswith('#'))
    text = re.sub(r'\s+', ' ', text.replace('\n#', ''))
    nodes = f'NNODES={recipe.gpus // 8} ' if recipe.gpus > 8 else ''
    relative = path.relative_to(ROOT).as_posix()
    assert f'# {nodes}bash tools/dist_train.sh \\ {relative} 8' in text
    assert f'{recipe.gpus} GPUs' in text and f'{recipe.mean_ap} mAP' in text
    width, depth, _, ratio = ARCHS[recipe.size]
    patch = 14 if recipe.size == 'giant' else 16
    tokens = 8 * (224 // patch) ** 2
    per_token = 3 * 2 * patch**2 * width + depth * (4 + 2 * ratio) * width**2
    norms = 5 * width * (2 * depth + 1) * tokens
    macs = (tokens * per_token + depth * 2 * tokens**2 * width + norms) / 1e9
    stated = float(re.search(r'Cost: ([\d.]+) G multiply-accumulates', text).group(1))
    assert stated == pytest.approx(macs, rel=1e-3)
    rows = 81 if of_mmaction2(path) else 80
    params = PARAMS[recipe.size] + (rows - 80) * (width + 1) / 1e6
    assert f'{params:.1f} M parameters' in text


def test_full_size_has_the_stated_parameters() -> None:
    pytest.importorskip('mmdet', reason='needs the detection level')
    for size in ('small', 'base'):
        path = next(p for p in LEAVES if f'vit-{size}-' in p.stem)
        with torch.device('meta'):
            model = registries.MODELS.build(load(path).model)
        count = sum(p.numel() for p in model.parameters()) / 1e6
        assert count == pytest.approx(PARAMS[size], abs=1e-3)


def make_data(root: Path, cfg: Config) -> None:
    """Two key frames of a 72x96 video for each split, in the files that the config names."""
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
    """Two narrow blocks, and pictures of some patches a side; what a leaf chooses stays."""
    model = cfg.model
    ratio = ARCHS[model.backbone.arch].mlp_ratio
    model.backbone.arch = dict(embed_dims=32, depth=2, num_heads=2, mlp_ratio=ratio)
    model.backbone.img_size = 4 * model.backbone.patch_size
    model.roi_head.bbox_head.in_channels = 32
    for name in ('train', 'test'):
        for step in cfg[f'{name}_dataloader'].dataset.pipeline:
            if step.type == 'ClipResizeShortSide':
                step.short_side = 72
            elif step.type == 'ClipRandomCropBoxes':
                step.size = model.backbone.img_size
    cfg.optim_wrapper.pop('accumulative_counts', None)


@pytest.mark.parametrize(
    'stem',
    [
        'videomae_vit-small-p16_16xb8-16x4x1-30e_ava_kinetics400',
        'videomae_vit-huge-p16_64xb2-16x4x1-20e_ava_kinetics400-labels',
        'videomaev2_vit-giant-p14_64xb2-16x4x1-10e_ava-kinetics',
        'videomae_vit-base-p16_8xb8-16x4x1-20e_ava-kinetics_mmaction2',
    ],
)
def test_a_shrunken_leaf_trains_a_step_and_predicts(stem: str, tmp_path: Path) -> None:
    """The real pipeline and optimizer move every parameter; test frames keep their shape."""
    pytest.importorskip('mmdet', reason='needs the detection level')
    cfg = load(next(p for p in LEAVES if p.stem == stem))
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


def test_a_shrunken_leaf_runs_through_the_runner(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Loop, schedule, hooks, validation and the metric do an epoch together."""
    pytest.importorskip('mmdet', reason='needs the detection level')
    cfg = load(LEAVES[0])
    make_data(tmp_path, cfg)
    shrink(cfg)
    for step in cfg.val_dataloader.dataset.pipeline:
        if step.type == 'ClipResizeShortSide':
            step.short_side = 72
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
def test_every_leaf_is_listed(folder: Path) -> None:
    """README, metafile and index; numbers say whose they are."""
    index = yaml.safe_load((ROOT / 'model-index.yml').read_text())
    assert (folder / 'metafile.yml').relative_to(ROOT).as_posix() in index['Import']
    models = yaml.safe_load((folder / 'metafile.yml').read_text())['Models']
    paths = sorted(folder.glob('*.py'))
    assert [m['Config'] for m in models] == [p.relative_to(ROOT).as_posix() for p in paths]
    readme = (folder / 'README.md').read_text()
    assert 'has not measured them' in readme
    rows = {re.match(r'\| \[(.+?)\]', r).group(1): r for r in readme.split('\n') if r[:3] == '| ['}
    for model in models:
        name, meta = model['Name'], model['Metadata']
        recipe: Any = RECIPES[name]
        total, rate = recipe.gpus * recipe.batch, load(folder / f'{name}.py').optim_wrapper
        assert (meta['Batch Size'], meta['Epochs']) == (total, recipe.epochs)
        ((label, value),) = model['Results'][0]['Metrics'].items()
        assert 'not measured here' in label and value == recipe.mean_ap
        numbers = f'| {total} | {rate.optimizer.lr:g} | {recipe.layer_decay} | {recipe.epochs} |'
        assert numbers in rows[name] and f'| {value} (' in rows[name]
