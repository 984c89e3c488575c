"""Every AdaTAD config has the published values; the tables restate OpenTAD's recipes."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import torch
from mmengine.optim import build_optim_wrapper
from mmengine.registry import DefaultScope

from mmvideomae import registry as registries
from mmvideomae.analysis.complexity import measure_config
from mmvideomae.checkpoints.public_weights import published_weights
from mmvideomae.models.backbones.vit_videomae import ARCHS
from tests.support.leaves import CONFIGS, command, header, listed, load, read, steps

FOLDER = CONFIGS / 'localization' / 'adatad'
LEAVES = sorted(FOLDER.glob('*.py'))


class Recipe(NamedTuple):
    """What differs from leaf to leaf."""

    arch: str
    frames: int
    stride: int | str
    pixels: int
    blocks: int
    adapter_lr: float
    epochs: int
    mean_ap: float
    """As OpenTAD reports it."""


class DataSet(NamedTuple):
    """What differs from data set to data set."""

    classes: int
    batch: int
    gpus: int
    convs: int
    blocks: int
    """At full length."""
    end: int
    """Of the cosine, in epochs."""
    suppression: tuple[float, int, float]
    """Sigma, most segments and IoU of votes."""
    subsets: tuple[str, str]
    ious: tuple[float, float]
    """First and last threshold, 0.1 from one to the next; from 0.5 to 0.95, half of that."""
    kept: float = 0.75
    """Least share of a segment in a window."""
    fps: float | None = None
    """At which windows count, if not that of each video."""
    steps: int = 768
    levels: int = 6
    width: int = 512
    lr: float = 1e-4
    positions: bool = False
    window: int = -1
    """Of attention."""
    ranges: tuple[int, int] = (4, 8)
    """Of the second level."""
    loss: tuple[float, float, float] = (1, 0, 100)
    """Weight of distances, label smoothing and the first normaliser."""
    overlap: float = 0.5
    padding: int = 0
    """Frames that a window is padded by, whatever its length."""
    found: int | None = None
    """Classes of the detector, if not all; a window is a whole video then."""


DATA_SETS = {
    'thumos14': DataSet(20, 2, 2, 2, 2, 100, (0.7, 2000, 0.7), ('validation', 'test'), (0.3, 0.7)),
    'multithumos': DataSet(
        65, 2, 2, 3, 0, 100, (0.5, 8000, 0.7), ('training', 'validation'), (0.1, 0.9)
    ),
    'charades': DataSet(
        157, 16, 4, 2, 2, 20, (0.3, 1000, 0.7), ('training', 'validation'), (0.1, 0.9),
        kept=0.5, fps=30.0, steps=512, levels=8, positions=True,
    ),
    'epic100-verb': DataSet(
        97, 2, 2, 2, 2, 250, (0.4, 2000, 0.75), ('training', 'validation'), (0.1, 0.5),
        kept=0.3, fps=30.0, window=9, ranges=(2, 8), loss=(0.5, 0, 250),
    ),
    'epic100-noun': DataSet(
        300, 2, 2, 2, 2, 250, (0.4, 2000, 0.75), ('training', 'validation'), (0.1, 0.5),
        kept=0.3, fps=30.0, window=9, ranges=(2, 8), loss=(0.5, 0.1, 250),
    ),
    'ego4d-mq': DataSet(
        110, 2, 2, 2, 2, 25, (2.0, 2000, 0.95), ('training', 'validation'), (0.1, 0.5),
        kept=0.3, levels=10, steps=2048, positions=True, window=17, ranges=(2, 8), overlap=0.0,
        padding=992,
    ),
    'activitynet': DataSet(
        200, 16, 4, 2, 2, 15, (0.7, 100, 0.9), ('training', 'validation'), (0.5, 0.95),
        kept=0.5, steps=192, width=256, lr=1e-3, positions=True, loss=(2, 0.1, 200), found=1,
    ),
}  # fmt: skip
RECIPES = {
    'adatad_vit-small-p16_2xb1-768x4x1-60e_thumos14': Recipe(
        'small', 768, 4, 160, 12, 2e-4, 60, 69.03
    ),
    'adatad_vit-base-p16_2xb1-768x4x1-60e_thumos14': Recipe(
        'base', 768, 4, 160, 12, 1e-4, 60, 71.14
    ),
    'adatad_vit-large-p16_2xb1-768x4x1-60e_thumos14': Recipe(
        'large', 768, 4, 160, 24, 1e-4, 60, 73.51
    ),
    'adatad_vit-huge-p16_2xb1-768x4x1-60e_thumos14': Recipe(
        'huge', 768, 4, 160, 32, 1e-4, 60, 74.95
    ),
    'adatad_vit-giant-p14_2xb1-768x4x1-60e_thumos14': Recipe(
        'giant', 768, 4, 160, 40, 1e-4, 60, 75.06
    ),
    'adatad_vit-giant-p14_2xb1-1536x2x1-50e_thumos14_224px': Recipe(
        'giant', 1536, 2, 224, 20, 2e-4, 50, 77.07
    ),
    'adatad_vit-small-p16_2xb1-768x4x1-80e_multithumos': Recipe(
        'small', 768, 4, 160, 12, 4e-4, 80, 40.77
    ),
    'adatad_vit-base-p16_2xb1-768x4x1-80e_multithumos': Recipe(
        'base', 768, 4, 160, 12, 4e-4, 80, 42.76
    ),
    'adatad_vit-large-p16_2xb1-768x4x1-80e_multithumos': Recipe(
        'large', 768, 4, 160, 24, 4e-4, 80, 45.15
    ),
    'adatad_vit-huge-p16_2xb1-768x4x1-80e_multithumos': Recipe(
        'huge', 768, 4, 160, 32, 1e-4, 80, 46.02
    ),
    'adatad_vit-giant-p14_2xb1-768x4x1-80e_multithumos': Recipe(
        'giant', 768, 4, 160, 40, 1e-4, 80, 46.74
    ),
    'adatad_vit-giant-p14_2xb1-1536x2x1-80e_multithumos_224px': Recipe(
        'giant', 1536, 2, 224, 20, 1e-4, 80, 48.73
    ),
    'adatad_vit-small-p16_4xb4-512x4x1-20e_charades': Recipe(
        'small', 512, 4, 160, 12, 4e-4, 20, 24.14
    ),
    'adatad_vit-base-p16_4xb4-512x4x1-20e_charades': Recipe(
        'base', 512, 4, 160, 12, 4e-4, 20, 27.99
    ),
    'adatad_vit-large-p16_4xb4-512x4x1-20e_charades': Recipe(
        'large', 512, 4, 160, 24, 2e-4, 20, 32.31
    ),
    'adatad_vit-huge-p16_4xb4-512x4x1-20e_charades': Recipe(
        'huge', 512, 4, 160, 32, 1e-4, 20, 33.94
    ),
    'adatad_vit-giant-p14_4xb4-512x4x1-20e_charades': Recipe(
        'giant', 512, 4, 160, 40, 8e-5, 20, 37.56
    ),
    'adatad_vit-large-p16_2xb1-6144x2x1-35e_epic100-verb': Recipe(
        'large', 6144, 2, 160, 24, 8e-5, 35, 29.69
    ),
    'adatad_vit-large-p16_2xb1-6144x2x1-35e_epic100-noun': Recipe(
        'large', 6144, 2, 160, 24, 8e-5, 35, 29.44
    ),
    'adatad_vit-large-p16_2xb1-7200x2x1-20e_ego4d-mq_192px': Recipe(
        'large', 7200, 2, 192, 12, 4e-4, 20, 28.41
    ),
    'adatad_vit-small-p16_4xb4-768even-15e_activitynet': Recipe(
        'small', 768, 'even', 160, 12, 1e-4, 15, 37.81
    ),
    'adatad_vit-base-p16_4xb4-768even-15e_activitynet': Recipe(
        'base', 768, 'even', 160, 12, 1e-4, 15, 38.35
    ),
    'adatad_vit-large-p16_4xb4-768even-15e_activitynet': Recipe(
        'large', 768, 'even', 160, 24, 1e-4, 15, 39.21
    ),
    'adatad_vit-huge-p16_4xb4-768even-15e_activitynet': Recipe(
        'huge', 768, 'even', 160, 32, 1e-4, 15, 39.31
    ),
    'adatad_vit-giant-p14_4xb4-768even-15e_activitynet': Recipe(
        'giant', 768, 'even', 160, 40, 1e-4, 15, 39.77
    ),
    'adatad_vit-giant-p14_8xb2-768even-15e_activitynet_224px': Recipe(
        'giant', 768, 'even', 224, 20, 1e-4, 15, 39.86
    ),
    'adatad_vit-large-p16_4xb4-768even-15e_activitynet_224px': Recipe(
        'large', 768, 'even', 224, 24, 8e-5, 15, 39.15
    ),
}
leaves = pytest.mark.parametrize('path', LEAVES, ids=lambda p: p.stem)


@pytest.fixture(autouse=True)
def scope() -> Iterator[None]:
    with DefaultScope.overwrite_default_scope('mmvideomae'):
        yield


def data_set(path: Path) -> tuple[str, DataSet]:
    """The data set of a config, which its name says after the epochs, and its facts."""
    name = re.search(r'\de_([a-z0-9-]+)', path.stem)[1]
    facts = DATA_SETS[name]
    if name == 'activitynet' and '_224px' in path.stem:
        if 'giant' in path.stem:
            return name, facts._replace(gpus=8)
        changed = {'end': 20, 'suppression': (0.75, 100, 0.9), 'width': 512, 'loss': (1, 0.1, 200)}
        return name, facts._replace(**changed, found=200)
    return name, facts


def adapter_params(width: int) -> int:
    """A bottleneck of a quarter, its two convolutions and the scale."""
    hidden = width // 4
    layers = (width + 1) * hidden + (3 + 1) * hidden + (hidden + 1) * hidden + (hidden + 1) * width
    return layers + 1


def encoder_params(arch: str, patch: int) -> int:
    """Blocks, the embedding of 2 x p x p cubes and the last norm."""
    width, depth, _, ratio = ARCHS[arch]
    hidden = int(width * ratio)
    block = 3 * width**2 + 2 * width + width * (width + 1)  # attention
    block += (width + 1) * hidden + (hidden + 1) * width + 4 * width  # MLP and norms
    return depth * block + (3 * 2 * patch**2 + 1) * width + 2 * width


def detector_params(width: int, facts: DataSet) -> int:
    """ActionFormer."""
    c = facts.width
    block = 2 * 2 * c  # norms
    block += 3 * (3 * c + 2 * c) + 4 * (c + 1) * c + (c + 1) * 4 * c + (4 * c + 1) * c + 2 * c
    embed = 3 * width * c + (facts.convs - 1) * 3 * c * c + facts.convs * 2 * c
    heads = (
        2 * (2 * 3 * c * c + 2 * 2 * c)
        + (3 * c + 1) * (facts.found or facts.classes)
        + (3 * c + 1) * 2
        + facts.levels
    )
    return embed + (facts.blocks + facts.levels - 1) * block + facts.levels * 2 * c + heads


def test_the_table_names_every_config() -> None:
    assert set(RECIPES) == {path.stem for path in LEAVES}


@leaves
def test_parameters(path: Path) -> None:
    cfg, recipe = read(path), RECIPES[path.stem]
    with torch.device('meta'):
        model = registries.MODELS.build(cfg.model)
    width, patch = ARCHS[recipe.arch].embed_dims, cfg.model.backbone.get('patch_size', 16)
    learnt = recipe.blocks * adapter_params(width) + detector_params(width, data_set(path)[1])
    whole = learnt + encoder_params(recipe.arch, patch)
    assert sum(p.numel() for p in model.parameters()) == whole
    assert sum(p.numel() for p in model.parameters() if p.requires_grad) == learnt
    told = f'{whole / 1e6:.1f} M parameters, of which {learnt / 1e6:.1f} M learn.'
    assert told in header(path)


@leaves
def test_data_and_schedule(path: Path) -> None:
    cfg, recipe = read(path), RECIPES[path.stem]
    data, facts = data_set(path)
    batch = facts.batch // facts.gpus
    window = f'{recipe.frames}' + ('even' if facts.found else f'x{recipe.stride}x1')
    assert f'_{facts.gpus}xb{batch}-{window}-{recipe.epochs}e_{data}' in path.stem
    for name, subset in zip(
        ('train', 'test', 'val'), (*facts.subsets, facts.subsets[1]), strict=True
    ):
        dataset = cfg[f'{name}_dataloader'].dataset
        assert (dataset.windows.frames, dataset.windows.stride) == (recipe.frames, recipe.stride)
        assert dataset.windows.get('fps') == facts.fps
        assert (dataset.num_classes, dataset.subsets) == (facts.classes, subset)
    assert cfg.test_dataloader.dataset.windows.get('overlap', 0.5) == facts.overlap
    assert steps(cfg)['SampleWindow'].get('trunc_thresh', 0.5) == facts.kept
    (size,) = {each.size for each in steps(cfg).values() if 'size' in each}
    assert size == recipe.pixels
    assert steps(cfg, 'test')['CropViews'].size == recipe.pixels
    assert cfg.train_dataloader.batch_size == batch
    assert cfg.auto_scale_lr.base_batch_size == facts.batch
    assert (cfg.train_cfg.max_epochs, cfg.param_scheduler.warmup) == (recipe.epochs, 5)
    assert cfg.param_scheduler.end == facts.end
    assert cfg.optim_wrapper.clip_grad.max_norm == 1 and cfg.custom_hooks[0].momentum == 1e-3
    # Segments are suppressed where all of a video are known.
    last = cfg.model.detector.test_cfg if facts.found else cfg.test_evaluator['merge']
    assert (last.sigma, last.max_segments, last.voting_thresh) == facts.suppression
    ious, step = cfg.test_evaluator.iou_thresholds, 0.05 if facts.ious[1] == 0.95 else 0.1
    np.testing.assert_allclose(ious, np.arange(facts.ious[0], facts.ious[1] + 0.01, step))
    assert cfg.load_from in published_weights()


@leaves
def test_model(path: Path) -> None:
    cfg, recipe, facts = read(path), RECIPES[path.stem], data_set(path)[1]
    with torch.device('meta'):
        model = registries.MODELS.build(cfg.model)
    assert model.data_preprocessor.num_frames == recipe.frames + facts.padding
    assert (
        model.data_preprocessor.num_steps == facts.steps and model.data_preprocessor.step_at_start
    )
    levels = 7 if facts.levels == 10 else facts.levels  # the rest have global attention
    windows = [facts.window] * levels + [-1] * (facts.levels - levels)
    assert model.detector.backbone.windows == windows
    assert model.detector.backbone.use_abs_pe is facts.positions
    assert model.detector.regression_ranges[1] == facts.ranges
    assert len(model.detector.regression_ranges) == facts.levels
    loss = model.detector.loss
    told = (loss.reg_weight, loss.label_smoothing, float(cfg.model.detector.loss.init_normaliser))
    assert told == facts.loss
    depth = ARCHS[recipe.arch].depth
    adapted = [hasattr(block, 'adapter') for block in model.backbone.blocks]
    assert adapted == [number >= depth - recipe.blocks for number in range(depth)]
    assert cfg.model.backbone.drop_path_rate == 0.1
    names = {id(p): name for name, p in model.named_parameters()}
    for group in build_optim_wrapper(model, cfg.optim_wrapper).optimizer.param_groups:
        for param in group['params']:
            encoder = names[id(param)].startswith('backbone.')
            assert group['lr'] == pytest.approx(recipe.adapter_lr if encoder else facts.lr)
            assert group['weight_decay'] == 0.05 or not encoder


def test_a_window_costs_what_others_count() -> None:
    """With ViT-S, 1174 G multiply-accumulates for 768 frames of 160 pixels."""
    (path,) = (path for path in LEAVES if 'small' in path.stem and 'thumos14' in path.stem)
    found = measure_config(read(path))
    assert found.shape == (768, 160, 160) and found.uncounted == ()
    assert found.macs / 1e9 == pytest.approx(1174, rel=0.005)


@pytest.mark.parametrize(
    ('stem', 'told'),
    [
        ('adatad_vit-small-p16_4xb4-512x4x1-20e_charades', '0.78 T on Charades'),
        ('adatad_vit-small-p16_4xb4-768even-15e_activitynet', '1.16 T on ActivityNet-1.3'),
        ('adatad_vit-large-p16_2xb1-6144x2x1-35e_epic100-verb', '110 T on EPIC-Kitchens-100'),
        ('adatad_vit-large-p16_2xb1-7200x2x1-20e_ego4d-mq_192px', '217 T on Ego4D'),
    ],
)
def test_a_window_of_every_data_set_goes_through(stem: str, told: str) -> None:
    """At full size, without computing; its cost is the one in the README."""
    cfg, (_, facts) = load(FOLDER / f'{stem}.py'), data_set(FOLDER / f'{stem}.py')
    recipe = RECIPES[stem]
    cfg.model.clips_per_pass = 1024
    found = measure_config(cfg)
    assert found.shape == (recipe.frames + facts.padding, recipe.pixels, recipe.pixels)
    tera = float(told.partition(' ')[0])
    assert found.uncounted == () and found.macs / 1e12 == pytest.approx(tera, rel=0.005)
    assert told in (FOLDER / 'README.md').read_text()


def test_every_config_is_listed() -> None:
    """Figures name their source, and are also in the file."""
    for stem, (model, row) in listed(FOLDER).items():
        meta, recipe = model['Metadata'], RECIPES[stem]
        batch = data_set(FOLDER / f'{stem}.py')[1].batch
        assert (meta['Batch Size'], meta['Epochs']) == (batch, recipe.epochs)
        ((label, value),) = model['Results'][0]['Metrics'].items()
        assert 'reported' in label and value == recipe.mean_ap
        assert str(value) in row and str(value) in header(FOLDER / f'{stem}.py')
        sizes = meta['Parameters (M)'], meta['Trained Parameters (M)']
        assert '{} M parameters, of which {} M learn'.format(*sizes) in header(
            FOLDER / f'{stem}.py'
        )
        assert '| {} | {} |'.format(*sizes) in row


@leaves
def test_headers_begin_with_the_command(path: Path) -> None:
    assert re.match(command(path, data_set(path)[1].gpus), header(path))
