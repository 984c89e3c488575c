"""DyFADet's configs have the published values, their own sizes, and train at full size."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import torch
from mmengine.optim import build_optim_wrapper
from mmengine.registry import DefaultScope
from mmengine.runner import Runner

from mmvideomae import registry as registries
from tests.configs.test_localization import make_features
from tests.support.leaves import CONFIGS, header, listed, load, read, steps

FOLDER = CONFIGS / 'localization' / 'dyfadet'
LEAVES = sorted(FOLDER.glob('*.py'))
V2_G = 'dyfadet_videomaev2-giant_1xb2-len2304-60e_thumos14'


class Recipe(NamedTuple):
    """What differs between the published files."""

    width: int
    batch: int
    warmup: int
    epochs: int
    lr: float
    decay: float
    clip: float
    noise: float
    drop_path: float
    length: int = 2304
    inner: int = 512
    hidden: int = 768
    window: int = 1
    ratio: float = 5
    std: float = 0
    strided: int = 5
    classes: int = 20
    mAP: float = 0
    tau: float = 1.5
    floor: float = 5e-5
    normaliser: tuple[float, float] = (400, 0.1)
    """And the share of a target that is spread over all classes."""
    test: tuple[float, ...] = (200, 0.7, 0.95, 0.1, 2000)
    second_range: int = 4


SLOWFAST = dict(
    inner=512, hidden=1024, normaliser=(250, 0), test=(2000, 0.4, 0.75, 0.05, 5000), second_range=2
)
THUMOS = dict(floor=1e-8, normaliser=(100, 0), test=(2000, 0.5, 0.7, 0.05, 2000))
RECIPES = {
    'dyfadet_i3d_1xb2-len2304-40e_thumos14': Recipe(
        2048, 2, 20, 40, 1e-4, 0.025, 1, 1e-5, 0.1, mAP=69.2, **THUMOS
    ),
    V2_G: Recipe(1408, 2, 20, 60, 1e-4, 0.025, 1, 1e-5, 0.005, mAP=70.5, **THUMOS),
    'dyfadet_slowfast_1xb2-len2304-25e_epic100-verb': Recipe(
        2304, 2, 10, 25, 1e-4, 0.05, 1, 1e-5, 0.1, window=5, ratio=2, classes=97, mAP=23.4,
        **SLOWFAST,
    ),
    'dyfadet_slowfast_1xb2-len2304-25e_epic100-noun': Recipe(
        2304, 2, 5, 25, 2e-4, 0.05, 1, 1e-6, 0.1, ratio=4, classes=300, mAP=25.0, tau=2.0,
        **SLOWFAST | {'normaliser': (250, 0.1)},
    ),
    'dyfadet_tsp_1xb8-len768-15e_activitynet': Recipe(
        512, 8, 5, 15, 5e-4, 0.05, 0.4, 0.7, 0.1, 768, 256, 2048, 15, 1.2, 0.15, 5, 1, 38.5
    ),
    'dyfadet_videomaev2-giant_1xb8-len2304-16e_fineaction': Recipe(
        1408, 8, 10, 16, 5e-4, 0.025, 0.4, 0.5, 0.1, 2304, 256, 2048, 15, 1.3, 0.2, 6, 1, 23.8
    ),
}  # fmt: skip
leaves = pytest.mark.parametrize('path', LEAVES, ids=lambda p: p.stem)


@pytest.fixture(autouse=True)
def scope() -> Iterator[None]:
    with DefaultScope.overwrite_default_scope('mmvideomae'):
        yield


@leaves
def test_the_recipe_is_the_published_one(path: Path) -> None:
    cfg, recipe = read(path), RECIPES[path.stem]
    assert (cfg.train_cfg.max_epochs, cfg.param_scheduler.warmup) == (recipe.epochs, recipe.warmup)
    optim = cfg.optim_wrapper
    assert (optim.optimizer.lr, optim.optimizer.weight_decay) == (recipe.lr, recipe.decay)
    assert cfg.param_scheduler.eta_min_ratio * recipe.lr == pytest.approx(recipe.floor)
    assert cfg.train_dataloader.batch_size == recipe.batch == cfg.auto_scale_lr.base_batch_size
    assert optim.clip_grad.max_norm == recipe.clip and cfg.randomness.seed == 1234567891
    for split in ('train', 'val', 'test'):
        assert cfg[f'{split}_dataloader'].dataset.features.width == recipe.width
        assert 'ResampleFeatures' not in steps(cfg, split)
    assert steps(cfg)['CropFeatures'].max_seq_len == recipe.length


@leaves
def test_the_model_is_the_published_one(path: Path) -> None:
    recipe, model = RECIPES[path.stem], read(path).model
    backbone, test = model.backbone, model.test_cfg
    assert backbone.in_channels == recipe.width and backbone.input_noise == recipe.noise
    assert backbone.drop_path_rate == recipe.drop_path and backbone.conv_std == recipe.std
    assert (backbone.embed_dims, backbone.hidden_channels) == (recipe.inner, recipe.hidden)
    assert tuple(backbone.windows) == (recipe.window,) * recipe.strided
    assert (tuple(backbone.arch), backbone.ratio) == ((2, 2, recipe.strided), recipe.ratio)
    assert backbone.max_seq_len == model.data_preprocessor.max_seq_len == recipe.length
    assert backbone.get('use_abs_pe', False) is (recipe.classes == 1)
    assert model.cls_head.tau == model.reg_head.tau == recipe.tau
    assert model.cls_head.num_classes == recipe.classes
    smoothing = model.loss.get('label_smoothing', 0)
    assert (model.loss.init_normaliser, smoothing) == recipe.normaliser
    found = (test.max_segments, test.sigma, test.voting_thresh, test.duration_thresh)
    assert (*found, test.pre_nms_topk) == recipe.test
    assert test.get('class_agnostic', False) is (recipe.classes == 1)
    ranges = model.regression_ranges
    assert len(ranges) == recipe.strided + 1 and ranges[1][0] == recipe.second_range


def parameters(recipe: Recipe) -> int:
    """Counted from the description of the network alone."""
    width, inner, kernel = recipe.inner, 512, 3

    def conv(wide: int, out: int, size: int = 1) -> int:
        return wide * out * size + out

    layers = 0
    for number in range(2 + recipe.strided):
        window = recipe.window if number > 1 else 1
        big = round((window + 1) * recipe.ratio) // 2 * 2 + 1
        depthwise = width * (2 * window + big + 2 + 5)
        mlp = conv(width, recipe.hidden) + conv(recipe.hidden, width)
        layers += depthwise + mlp + 4 * width + (2 * width if number > 1 else 0)
    embed = kernel * width * (recipe.width + width) + 4 * width
    neck = 2 * width * (recipe.strided + 1)
    tower = 0
    for channels in (width, inner):
        taps = kernel * channels
        neighbour = conv(taps, channels) + 2 * channels + conv(1, channels, kernel)
        weights = conv(taps, channels, kernel) + 2 * channels + conv(taps, 1, kernel)
        tower += 2 * neighbour + conv(taps, inner) + 2 * inner + weights + 2
    outputs = conv(inner, recipe.classes, kernel) + conv(inner, 2, kernel) + recipe.strided + 1
    return embed + layers + neck + 2 * tower + outputs


@leaves
def test_the_parameters_are_those_of_the_description(path: Path) -> None:
    with torch.device('meta'):
        model = registries.MODELS.build(read(path).model)
    count = sum(p.numel() for p in model.parameters())
    assert count == parameters(RECIPES[path.stem])
    assert f'{count / 1e6:.2f} M parameters' in header(path)


def build(cfg: Any) -> tuple[Any, Any]:
    torch.manual_seed(0)
    model = registries.MODELS.build(cfg.model)
    return model, build_optim_wrapper(model, cfg.optim_wrapper)


@pytest.mark.slow  # a quarter of a minute
def test_a_training_step_at_full_size(tmp_path: Path) -> None:
    """One video, padded to 2304 steps of width 512."""
    cfg = load(FOLDER / f'{V2_G}.py')
    make_features(tmp_path, cfg, ['a', 'b'], steps=300, fps=30.0)
    cfg.train_dataloader.batch_size = 1
    model, optim = build(cfg)
    sizes = []
    model.cls_head.register_forward_pre_hook(lambda _, inputs: sizes.append(inputs[0][0].shape))
    losses = model.train_step(
        next(iter(Runner.build_dataloader(cfg.train_dataloader, seed=0))), optim
    )
    assert sizes == [(1, 512, 2304)]
    assert all(value.isfinite() for value in losses.values()) and losses['loss_reg'] > 0
    assert all(p.isfinite().all() for p in model.parameters())


@leaves
def test_a_shrunken_config_trains_a_step_and_predicts(path: Path, tmp_path: Path) -> None:
    cfg = load(path)
    cfg.model.backbone.update(embed_dims=16, hidden_channels=16)
    cfg.model.neck.in_channels = 16
    for head in (cfg.model.cls_head, cfg.model.reg_head):
        head.update(in_channels=16, hidden_channels=16)
    cfg.model.data_preprocessor.max_seq_len = 192
    make_features(tmp_path, cfg, ['a', 'b', 'c', 'd'], steps=150, fps=cfg_fps(cfg))
    model, optim = build(cfg)
    before = {name: p.detach().clone() for name, p in model.named_parameters()}
    batch = next(iter(Runner.build_dataloader(cfg.train_dataloader, seed=0)))
    losses = model.train_step(batch, optim)
    assert all(value.isfinite() for value in losses.values())
    assert any(not torch.equal(p, before[name]) for name, p in model.named_parameters())
    decayed = [group for group in optim.optimizer.param_groups if group['weight_decay']]
    spared = {id(model.cls_head.head[0].scale_weight), id(model.reg_head.head[1].output_weight)}
    assert not spared & {id(p) for group in decayed for p in group['params']}
    with torch.no_grad():
        samples = model.eval().test_step(next(iter(Runner.build_dataloader(cfg.test_dataloader))))
    assert samples[0].pred_instances.segments.shape[1] == 2


def cfg_fps(cfg: Any) -> float:
    return cfg.train_dataloader.dataset.features.get('fps', 30.0)


def test_every_config_is_listed() -> None:
    rows = listed(FOLDER)
    assert set(rows) == set(RECIPES)
    for stem, (model, row) in rows.items():
        meta, recipe = model['Metadata'], RECIPES[stem]
        numbers = (recipe.width, recipe.batch, recipe.epochs)
        assert (meta['Feature Width'], meta['Batch Size'], meta['Epochs']) == numbers
        assert '| {} | {} | {}, {} |'.format(*numbers, recipe.warmup) in row
        assert f'| {meta["Parameters (M)"]} M |' in row
        ((label, value),) = model['Results'][0]['Metrics'].items()
        assert 'reported' in label and value == recipe.mAP
        assert f'{value} ' in row and f'{value} ' in header(FOLDER / f'{stem}.py')
