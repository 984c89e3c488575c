"""Every localization config has the published values, and trains on features of its layout.

The tables below restate the published recipes independently of the configs.
"""

import json
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.optim import build_optim_wrapper
from mmengine.registry import DefaultScope
from mmengine.runner import Runner

from mmvideomae import registry as registries
from mmvideomae.formats.feature_info import FeatureInfo
from tests.support.leaves import CONFIGS, listed, load, read, steps

FOLDER = CONFIGS / 'localization' / 'actionformer'
SETS = ('thumos14', 'fineaction', 'activitynet')  # the rest: test_localization_sets.py
LOCALIZATION = sorted(path for name in SETS for path in FOLDER.glob(f'*_{name}.py'))
DEMO = CONFIGS / 'demo' / 'actionformer_vit-tiny-p8_untrimmed.py'


class Recipe(NamedTuple):
    """What differs from leaf to leaf; E.4 and E.5 of the papers' code for the rest."""

    width: int
    epochs: int
    batch: int
    features: str
    stride: int
    classes: int
    params: float | None = None


RECIPES = {
    'actionformer_i3d_1xb2-len2304-35e_thumos14': Recipe(2048, 35, 2, 'i3d', 4, 20, 29.25),
    'actionformer_videomae-huge_1xb2-len2304-35e_thumos14': Recipe(
        1280, 35, 2, 'videomae-huge', 4, 20
    ),
    'actionformer_videomaev2-giant_1xb2-len2304-50e_thumos14': Recipe(
        1408, 50, 2, 'videomaev2-giant', 4, 20
    ),
    'actionformer_videomae-huge_1xb16-len192-15e_fineaction': Recipe(
        1280, 15, 16, 'videomae-huge', 16, 106
    ),
    'actionformer_videomaev2-giant_1xb16-len192-25e_fineaction': Recipe(
        1408, 25, 16, 'videomaev2-giant', 16, 106
    ),
    'actionformer_tsp_1xb16-len192-15e_activitynet': Recipe(512, 15, 16, 'tsp', 16, 200),
    'actionformer_videomaev2-giant_1xb16-len192-15e_activitynet': Recipe(
        1408, 15, 16, 'videomaev2-giant', 16, 200
    ),
}
# Metrics that this project did not measure, by leaf.
REPORTED = {
    'actionformer_tsp_1xb16-len192-15e_activitynet': 37.07,
    'actionformer_i3d_1xb2-len2304-35e_thumos14': 66.83,
    'actionformer_videomaev2-giant_1xb2-len2304-50e_thumos14': 69.6,
    'actionformer_videomae-huge_1xb16-len192-15e_fineaction': 19.32,
    'actionformer_videomaev2-giant_1xb16-len192-25e_fineaction': 18.2,
}
leaves = pytest.mark.parametrize('path', LOCALIZATION, ids=lambda p: p.stem)


@pytest.fixture(autouse=True)
def scope():
    with DefaultScope.overwrite_default_scope('mmvideomae'):
        yield


def test_the_table_names_every_config() -> None:
    assert set(RECIPES) == {p.stem for p in LOCALIZATION}


@leaves
def test_data_and_schedule(path: Path) -> None:
    cfg, recipe = read(path), RECIPES[path.stem]
    thumos = 'thumos14' in path.stem
    assert f'_1xb{recipe.batch}-' in path.stem and f'-{recipe.epochs}e_' in path.stem
    for name in ('train', 'val', 'test'):
        dataset = cfg[f'{name}_dataloader'].dataset
        assert dataset.features.width == cfg.model.backbone.in_channels == recipe.width
        assert (dataset.features.stride, dataset.features.window) == (recipe.stride, 16)
        assert dataset.num_classes == recipe.classes
        assert dataset.feature_dir.endswith(f'features/{recipe.features}')
    assert cfg.train_dataloader.batch_size == recipe.batch == cfg.auto_scale_lr.base_batch_size
    assert (cfg.train_cfg.max_epochs, cfg.param_scheduler.warmup) == (recipe.epochs, 5)
    optimizer = cfg.optim_wrapper.optimizer
    assert (optimizer.lr, optimizer.weight_decay) == (1e-4 if thumos else 1e-3, 0.05)
    assert cfg.param_scheduler.eta_min_ratio * optimizer.lr == pytest.approx(1e-8)
    assert cfg.optim_wrapper.clip_grad.max_norm == 1.0
    assert cfg.custom_hooks[0].momentum == 1e-3
    crop, length = steps(cfg)['CropFeatures'], 2304 if thumos else 192
    assert crop.max_seq_len == cfg.model.data_preprocessor.max_seq_len == length
    wanted = (0.3, 0.4, 0.5, 0.6, 0.7) if thumos else np.arange(0.5, 0.96, 0.05)
    np.testing.assert_allclose(cfg.test_evaluator.iou_thresholds, wanted)


@leaves
def test_model(path: Path) -> None:
    cfg, recipe, thumos = read(path), RECIPES[path.stem], 'thumos14' in path.stem
    model, backbone, test = cfg.model, cfg.model.backbone, cfg.model.test_cfg
    ranges = [(0, 4), (4, 8), (8, 16), (16, 32), (32, 64), (64, 10000)]
    assert [tuple(each) for each in model.regression_ranges] == ranges
    assert (backbone.embed_dims, backbone.num_heads) == ((512, 4) if thumos else (256, 4))
    assert tuple(backbone.arch) == (2, 2, 5)
    assert (model.loss.reg_weight, model.loss.init_normaliser) == (
        (1.0, 100) if thumos else (2.0, 200)
    )
    assert model.cls_head.num_classes == (20 if thumos else 1)
    assert (test.sigma, test.max_segments, test.duration_thresh, test.get('voting_thresh')) == (
        (0.5, 200, 0.05, None) if thumos else (0.75, 100, 0.001, 0.9)
    )
    built = registries.MODELS.build(model)
    count = sum(p.numel() for p in built.parameters()) / 1e6
    if recipe.params:
        assert count == pytest.approx(recipe.params, abs=5e-3)
    assert f'{count:.2f} M parameters' in path.read_text()


def test_norms_and_scales_do_not_decay() -> None:
    """ActionFormer exempts biases, layer norms and scales; here they have three dimensions."""
    cfg = load(LOCALIZATION[0])
    cfg.model.backbone.embed_dims = cfg.model.neck.in_channels = 16
    for head in (cfg.model.cls_head, cfg.model.reg_head):
        head.in_channels = head.hidden_channels = 16
    model = registries.MODELS.build(cfg.model)
    names = {id(p): name for name, p in model.named_parameters()}
    groups = build_optim_wrapper(model, cfg.optim_wrapper).optimizer.param_groups
    for group in groups:
        for parameter in group['params']:
            name = names[id(parameter)]
            spared = name.endswith('bias') or 'scale' in name or '_norm' in name or '.ln' in name
            spared = spared or '.norm.' in name or 'fpn_norms' in name
            assert (group['weight_decay'] == 0) is spared, name


def make_features(root: Path, cfg: Config, names: list[str], steps: int, fps: float) -> None:
    """Random features and an annotation, where and as the config expects them."""
    rng = np.random.default_rng(0)
    dataset = cfg.train_dataloader.dataset
    stride, window = dataset.features.get('stride', 2), dataset.features.get('window', 16)
    frames = (steps - 1) * stride + window
    database = {}
    for number, name in enumerate(names):
        path = root / dataset.get('feature_name', '{}.npy').format(name)
        width = dataset.features.width
        np.save(path, rng.normal(size=(steps, width)).astype(np.float32))
        FeatureInfo(
            fps, frames, frames / fps, window, stride, 1, 0, width, 'random', '', 'none'
        ).write(path)
        held_out = cfg.test_dataloader.dataset.subsets
        duration = frames / fps
        database[name] = {
            'subset': [dataset.subsets, held_out][number % 2],
            'duration': duration,
            'annotations': [
                {'segment': [share * duration, (share + 0.2) * duration], 'label': f'class {k}'}
                for k, share in enumerate((0.1, 0.5))
            ],
        }
    (root / 'annotation.json').write_text(json.dumps({'database': database}))
    for name in ('train', 'val', 'test'):
        loader = cfg[f'{name}_dataloader']
        loader.update(num_workers=0, persistent_workers=False)
        loader.dataset.update(
            ann_file=str(root / 'annotation.json'),
            feature_dir=str(root),
            classes=['class 0', 'class 1'],
            serialize_data=False,
        )
        loader.dataset.pop('num_classes', None)
    cfg.train_dataloader.batch_size = 2


@pytest.mark.parametrize(
    'path',
    [p for p in LOCALIZATION if '-huge_' in p.stem or 'activitynet' in p.stem],
    ids=lambda p: p.stem,
)
def test_a_shrunken_config_trains_a_step_and_predicts(path: Path, tmp_path: Path) -> None:
    cfg = load(path)
    model = cfg.model
    model.backbone.update(embed_dims=16, num_heads=2)
    model.neck.in_channels = 16
    for head in (model.cls_head, model.reg_head):
        head.update(in_channels=16, hidden_channels=16)
    if 'thumos14' in path.stem:
        model.data_preprocessor.max_seq_len = model.backbone.max_seq_len = 576
    fps = cfg.train_dataloader.dataset.features.get('fps', 30.0)
    make_features(tmp_path, cfg, ['a', 'b', 'c', 'd'], steps=150, fps=fps)
    built = registries.MODELS.build(model)
    optim = build_optim_wrapper(built, cfg.optim_wrapper)
    batch = next(iter(Runner.build_dataloader(cfg.train_dataloader, seed=0)))
    before = {name: p.detach().clone() for name, p in built.named_parameters()}
    losses = built.train_step(batch, optim)
    assert all(torch.isfinite(value).all() for value in losses.values())
    moved = {name for name, p in built.named_parameters() if not torch.equal(p, before[name])}
    assert moved
    built.eval()
    with torch.no_grad():
        samples = built.test_step(next(iter(Runner.build_dataloader(cfg.test_dataloader))))
    assert samples[0].pred_instances.segments.shape[1] == 2


def test_training_steps_at_full_size(tmp_path: Path) -> None:
    """Two videos of the published width."""
    name = 'actionformer_videomaev2-giant_1xb16-len192-25e_fineaction'
    cfg = load(FOLDER / f'{name}.py')
    make_features(tmp_path, cfg, ['a', 'b', 'c', 'd'], steps=150, fps=30.0)
    model = registries.MODELS.build(cfg.model)
    optim = build_optim_wrapper(model, cfg.optim_wrapper)
    loader = Runner.build_dataloader(cfg.train_dataloader, seed=0)
    sizes = []
    model.backbone.register_forward_pre_hook(lambda _, inputs: sizes.append(inputs[0].shape))
    for epoch in range(2):
        loader.sampler.set_epoch(epoch)
        losses = model.train_step(next(iter(loader)), optim)
        assert all(bool(torch.isfinite(value)) for value in losses.values())
    length, classes = 192, 1
    assert sizes == [(2, 1408, length)] * 2
    assert all(bool(p.isfinite().all()) for p in model.parameters())
    model.eval()
    with torch.no_grad():
        logits, distances, masks = model(torch.zeros(1, 1408, length), torch.ones(1, 1, length) > 0)
    lengths = [length // 2**level for level in range(6)]
    assert [tuple(each.shape) for each in logits] == [(1, size, classes) for size in lengths]
    assert [tuple(each.shape) for each in distances] == [(1, size, 2) for size in lengths]
    assert [tuple(each.shape) for each in masks] == [(1, size) for size in lengths]


@pytest.mark.slow
def test_the_demo_runs_through_the_runner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Loop, hooks, average, validation and the metric do an epoch together."""
    cfg = load(DEMO)
    make_features(tmp_path, cfg, [f'v{n}' for n in range(6)], steps=120, fps=10.0)
    cfg.work_dir = str(tmp_path / 'work')
    cfg.train_cfg.update(max_epochs=2, val_begin=2)
    cfg.param_scheduler.warmup = 1
    cfg.model.cls_head.num_classes = 2
    monkeypatch.setattr('mmengine.runner.runner.collect_env', dict)
    runner = Runner.from_cfg(cfg)
    runner.train()
    metrics = runner.val_loop.run()
    assert 0 <= metrics['segment/mAP'] <= 1 and 'segment/recall@5x' in metrics
    assert list((tmp_path / 'work').glob('*.pth'))


def test_every_config_is_listed() -> None:
    """Numbers name their source, and are also in the file."""
    for stem, (model, row) in listed(FOLDER).items():
        if stem not in RECIPES:
            continue
        meta, recipe = model['Metadata'], RECIPES[stem]
        numbers = (recipe.width, recipe.batch, recipe.epochs)
        assert (meta['Feature Width'], meta['Batch Size'], meta['Epochs']) == numbers
        assert '| {} | {} | {} |'.format(*numbers) in row
        assert ('Results' in model) == (stem in REPORTED)
        if stem in REPORTED:
            ((label, value),) = model['Results'][0]['Metrics'].items()
            assert 'reported' in label and value == REPORTED[stem]
            assert str(value) in row and str(value) in (FOLDER / f'{stem}.py').read_text()
