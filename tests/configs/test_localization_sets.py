"""Every config on features of the data sets below has its published values.

The table restates the recipes of the sources' code independently of the configs.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
import torch
from mmengine.registry import DefaultScope
from torch._subclasses.fake_tensor import FakeTensorMode

from mmvideomae import registry as registries
from tests.support.leaves import CONFIGS, command, header, listed, read, steps

FOLDER = CONFIGS / 'localization'


class Recipe(NamedTuple):
    """What the code of the sources says."""

    classes: int
    features: tuple[int, int, int, float | None]
    """Width, stride, window, frames per second."""
    length: int
    kept: float
    """Least share of a segment in a window."""
    arch: tuple[int, int, int]
    batch: int
    epochs: int
    end: int | None
    """Of the cosine, if that is not the last epoch."""
    normaliser: float
    decode: tuple[int, float, int, float | None]
    """Candidates of a level, sigma, most segments, IoU of votes."""
    ious: tuple[float, float]
    mean_ap: float
    """As the source reports it."""
    ranges: tuple[int, int] = (4, 8)
    """Of the second level."""


RECIPES = {
    'actionformer/actionformer_i3d_1xb2-len2304-45e_multithumos': Recipe(
        65, (2048, 4, 16, None), 2304, 0.5, (3, 0, 5), 2, 45, 65, 100,
        (8000, 0.5, 8000, 0.7), (0.1, 0.9), 39.18,
    ),
    'actionformer/actionformer_videomae-large_1xb16-len512-20e_charades': Recipe(
        157, (1024, 4, 16, 30), 512, 0.5, (2, 2, 7), 16, 20, None, 100,
        (2000, 0.3, 1000, 0.7), (0.1, 0.9), 26.04,
    ),
    'actionformer/actionformer_i3d_1xb16-len768-10e_charades': Recipe(
        157, (1024, 8, 16, 24), 768, 0.5, (2, 2, 5), 16, 10, 15, 100,
        (8000, 0.5, 8000, 0.7), (0.1, 0.9), 19.39,
    ),
    'actionformer/actionformer_slowfast_1xb2-len2304-21e_epic100-verb': Recipe(
        97, (2304, 16, 32, 30), 2304, 0.3, (2, 2, 5), 2, 21, None, 250,
        (5000, 0.4, 2000, None), (0.1, 0.5), 23.51, (2, 8),
    ),
    'actionformer/actionformer_slowfast_1xb2-len2304-21e_epic100-noun': Recipe(
        300, (2304, 16, 32, 30), 2304, 0.3, (2, 2, 5), 2, 21, None, 250,
        (5000, 0.4, 2000, None), (0.1, 0.5), 21.88, (2, 8),
    ),
    'actionformer/actionformer_videomae-large_1xb2-len2048-20e_ego4d-mq': Recipe(
        110, (1024, 8, 16, 30), 2048, 0.3, (2, 2, 9), 2, 20, 25, 100,
        (5000, 2.0, 2000, 0.95), (0.1, 0.5), 27.52, (2, 8),
    ),
    'actionformer/actionformer_slowfast_1xb2-len1024-15e_ego4d-mq': Recipe(
        110, (2304, 16, 32, 30), 1024, 0.3, (2, 2, 6), 2, 15, None, 100,
        (5000, 0.9, 2000, None), (0.1, 0.5), 14.89, (2, 8),
    ),
    'actionformer/actionformer_egovlp_1xb2-len1024-15e_ego4d-mq': Recipe(
        110, (256, 16, 16, 30), 1024, 0.3, (2, 2, 7), 2, 15, None, 100,
        (5000, 0.9, 2000, None), (0.1, 0.5), 20.6, (2, 8),
    ),
    'tridet/tridet_slowfast_1xb2-len2304-27e_epic100-verb': Recipe(
        97, (2304, 16, 32, 30), 2304, 0.3, (2, 2, 5), 2, 27, None, 250,
        (5000, 0.4, 2000, 0.75), (0.1, 0.5), 25.51, (2, 8),
    ),
    'tridet/tridet_slowfast_1xb2-len2304-19e_epic100-noun': Recipe(
        300, (2304, 16, 32, 30), 2304, 0.3, (2, 2, 5), 2, 19, None, 250,
        (5000, 0.4, 2000, 0.75), (0.1, 0.5), 23.76, (2, 8),
    ),
}  # fmt: skip
OTHER_TESTS = ('thumos14', 'fineaction', 'activitynet', 'hacs')
leaves = pytest.mark.parametrize('stem', RECIPES)


@pytest.fixture(autouse=True)
def scope() -> Iterator[None]:
    with DefaultScope.overwrite_default_scope('mmvideomae'):
        yield


def path_of(stem: str) -> Path:
    return FOLDER / f'{stem}.py'


@leaves
def test_data_and_schedule(stem: str) -> None:
    cfg, recipe = read(path_of(stem)), RECIPES[stem]
    assert f'1xb{recipe.batch}-len{recipe.length}-{recipe.epochs}e_' in stem
    for name, subset in (('train', 'training'), ('val', 'validation'), ('test', 'validation')):
        dataset = cfg[f'{name}_dataloader'].dataset
        made = dataset.features
        assert (made.width, made.stride, made.window, made.get('fps')) == recipe.features
        assert (dataset.subsets, dataset.num_classes) == (subset, recipe.classes)
        assert dataset.classes.endswith('classes.txt')
    crop = steps(cfg)['CropFeatures']
    assert (crop.max_seq_len, crop.trunc_thresh) == (recipe.length, recipe.kept)
    assert tuple(crop.crop_ratio) == (0.9, 1.0)
    assert cfg.train_dataloader.batch_size == recipe.batch == cfg.auto_scale_lr.base_batch_size
    assert (cfg.train_cfg.max_epochs, cfg.param_scheduler.warmup) == (recipe.epochs, 5)
    assert cfg.param_scheduler.get('end') == recipe.end
    optimizer = cfg.optim_wrapper.optimizer
    assert (optimizer.lr, optimizer.weight_decay) == (1e-4, 0.05)
    assert cfg.optim_wrapper.clip_grad.max_norm == 1 and cfg.custom_hooks[0].momentum == 1e-3
    ious = cfg.test_evaluator.iou_thresholds
    assert [round(10 * each) for each in ious] == list(
        range(round(10 * recipe.ious[0]), round(10 * recipe.ious[1]) + 1)
    )
    assert cfg.val_evaluator == cfg.test_evaluator


@leaves
def test_model(stem: str) -> None:
    cfg, recipe = read(path_of(stem)), RECIPES[stem]
    model, test = cfg.model, cfg.model.test_cfg
    assert tuple(model.backbone.arch) == recipe.arch
    assert tuple(model.regression_ranges[1]) == recipe.ranges
    assert model.loss.init_normaliser == recipe.normaliser
    assert model.cls_head.num_classes == recipe.classes
    found = (test.pre_nms_topk, test.sigma, test.max_segments, test.get('voting_thresh'))
    assert found == recipe.decode
    with torch.device('meta'):
        built = registries.MODELS.build(model)
    divisor = built.data_preprocessor.length_divisor
    padded = -(-recipe.length // divisor) * divisor
    assert model.backbone.max_seq_len == padded == model.data_preprocessor.max_seq_len
    count = sum(p.numel() for p in built.parameters()) / 1e6
    assert f'{count:.2f} M parameters' in header(path_of(stem))


def test_hacs_is_localized_without_classes() -> None:
    path = path_of('actionformer/actionformer_slowfast_1xb16-len960-15e_hacs')
    cfg = read(path)
    for name, subset in (('train', 'training'), ('test', 'validation')):
        dataset = cfg[f'{name}_dataloader'].dataset
        made = {'stride': 8, 'window': 32, 'fps': 15, 'width': 2304}
        assert dataset.features.to_dict() == made
        assert (dataset.subsets, dataset.num_classes) == (subset, 200)
        assert 'ResampleFeatures' not in steps(cfg, name)
        assert steps(cfg, name)['PackFeatures'].class_agnostic
    assert steps(cfg)['CropFeatures'].max_seq_len == 960
    optimizer = cfg.optim_wrapper.optimizer
    assert (optimizer.lr, optimizer.weight_decay) == (1e-3, 0.03)
    assert (cfg.train_cfg.max_epochs, cfg.train_dataloader.batch_size) == (15, 16)
    loss, test = cfg.model.loss, cfg.model.test_cfg
    assert (loss.reg_weight, loss.label_smoothing, loss.init_normaliser) == (1, 0.1, 400)
    assert (test.sigma, test.max_segments, test.voting_thresh) == (0.75, 100, 0.7)
    assert cfg.val_evaluator.class_agnostic and cfg.test_evaluator.iou_thresholds[-1] == 0.95
    with FakeTensorMode(), torch.no_grad():
        model = registries.MODELS.build(cfg.model).eval()
        logits, _, _ = model(torch.zeros(1, 2304, 960), torch.ones(1, 1, 960) > 0)
    assert model.backbone.windows == [13] * 5 + [-1] and model.backbone.input_drop.p == 0.1
    count = sum(p.numel() for p in model.parameters()) / 1e6
    assert f'{count:.2f} M parameters' in header(path)
    assert [tuple(each.shape) for each in logits] == [(1, 960 >> n, 1) for n in range(6)]
    told, row = listed(path.parent)[path.stem]
    assert told['Metadata']['Parameters (M)'] == round(count, 2) and '| 37.71 (OpenTAD) |' in row
    assert 'reported' in next(iter(told['Results'][0]['Metrics'])) and '37.71' in header(path)


@pytest.mark.parametrize(
    ('kind', 'windows', 'ratio', 'smoothing', 'floor'),
    [('verb', {5}, 2, 0, 5e-5), ('noun', {1}, 4, 0.1, 1e-8)],
)
def test_tridet_on_epic_kitchens(
    kind: str, windows: set[int], ratio: float, smoothing: float, floor: float
) -> None:
    (path,) = (FOLDER / 'tridet').glob(f'*_epic100-{kind}.py')
    (other,) = (FOLDER / 'actionformer').glob(f'*_epic100-{kind}.py')
    assert read(other).model.loss.get('label_smoothing', 0) == smoothing
    cfg = read(path)
    backbone, loss = cfg.model.backbone, cfg.model.loss
    assert (set(backbone.windows), backbone.ratio) == (windows, ratio)
    assert (backbone.hidden_channels, cfg.model.reg_head.num_bins) == (1024, 16)
    assert (loss.iou_power, loss.get('label_smoothing', 0)) == (0.25, smoothing)
    assert cfg.param_scheduler.eta_min_ratio * 1e-4 == pytest.approx(floor)
    assert registries.MODELS.build(cfg.model).data_preprocessor.length_divisor == 32


@leaves
def test_a_forward_pass_at_full_size(stem: str) -> None:
    """Of shapes alone: nothing is computed."""
    recipe = RECIPES[stem]
    with FakeTensorMode(), torch.no_grad():
        model = registries.MODELS.build(read(path_of(stem)).model).eval()
        length = model.data_preprocessor.max_seq_len
        logits, _, masks = model(
            torch.zeros(1, recipe.features[0], length), torch.ones(1, 1, length) > 0
        )
    sizes = [length // 2**level for level in range(recipe.arch[2] + 1)]
    assert [tuple(each.shape) for each in logits] == [(1, n, recipe.classes) for n in sizes]
    assert [tuple(each.shape) for each in masks] == [(1, n) for n in sizes]


def test_every_config_is_listed() -> None:
    """In the tables here and in the folders, with figures that name their source."""
    found = {}
    for folder in sorted({path_of(stem).parent for stem in RECIPES}):
        found |= {f'{folder.name}/{stem}': told for stem, told in listed(folder).items()}
    others = {stem for stem in found if stem.rpartition('_')[2] in OTHER_TESTS}
    assert set(found) - others == set(RECIPES)
    for stem, recipe in RECIPES.items():
        model, row = found[stem]
        meta, head = model['Metadata'], header(path_of(stem))
        numbers = (recipe.features[0], recipe.batch, recipe.epochs)
        assert (meta['Feature Width'], meta['Batch Size'], meta['Epochs']) == numbers
        assert '| {} | {} | {} |'.format(*numbers) in row
        assert f'{meta["Parameters (M)"]:.2f} M parameters' in head
        ((label, value),) = model['Results'][0]['Metrics'].items()
        assert 'reported' in label and value == recipe.mean_ap
        assert f'{value:.2f}' in row and f'{value:.2f}' in head
        assert re.match(command(path_of(stem), 1), head)
