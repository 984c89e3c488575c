"""Every pre-training config agrees with its name, its header, the docs and the papers.

The tables below restate the published recipes independently of the configs.
"""

import math
import re
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import torch
from mmengine.config import Config, ConfigDict

from mmvideomae import registry as registries
from mmvideomae.models.backbones.vit_videomae import ARCHS
from mmvideomae.models.layers.cube_transformer import resolve_arch
from tests.support.leaves import CONFIGS, LEAVES, command, header, listed, read, steps, table

PRETRAIN = [
    path
    for path in LEAVES
    if {CONFIGS / 'pretrain/videomae', CONFIGS / 'pretrain/videomaev2'} & set(path.parents)
]
FOLDERS = sorted({p.parent for p in LEAVES if CONFIGS / 'pretrain' in p.parents})

# <method>_vit-<size>-p<patch>_<gpus>xb<batch>-<clip>-<epochs>e_<dataset>[_<variant>].py
NAME = re.compile(
    r'(?P<method>videomae|videomaev2)_vit-(?P<size>small|base|large|huge|giant)-p(?P<patch>\d+)_'
    r'(?P<gpus>\d+)xb(?P<batch>\d+)-(?P<frames>\d+)x(?P<stride>\d+)x(?P<clips>\d+)-'
    r'(?P<epochs>\d+)e_'
    r'(?P<dataset>[a-z0-9]+(?:-[a-z0-9]+)*)(?:_(?P<variant>[a-z0-9]+(?:-[a-z0-9]+)*))?'
)


class Recipe(NamedTuple):
    """One published row; `total` counts videos, not repeats of them."""

    total: int
    repeats: int
    base_lr: float
    warmup: int
    epochs: int
    stride: int
    ratio: float
    decoder_ratio: float | None = None
    clip: float | None = None


# (method, size, dataset, epochs) -> recipe
RECIPES = {
    ('videomae', 'small', 'kinetics400', 1600): Recipe(1024, 1, 1.5e-4, 40, 1600, 4, 0.9),
    ('videomae', 'base', 'kinetics400', 800): Recipe(2048, 1, 1.5e-4, 40, 800, 4, 0.9),
    ('videomae', 'base', 'kinetics400', 1600): Recipe(2048, 1, 1.5e-4, 40, 1600, 4, 0.9),
    ('videomae', 'large', 'kinetics400', 1600): Recipe(512, 1, 1.5e-4, 40, 1600, 4, 0.9),
    ('videomae', 'large', 'kinetics700', 1600): Recipe(512, 1, 1.5e-4, 40, 1600, 4, 0.9),
    ('videomae', 'huge', 'kinetics400', 1600): Recipe(1024, 1, 1.5e-4, 40, 1600, 4, 0.9),
    ('videomae', 'small', 'sthv2', 2400): Recipe(2048, 1, 1.5e-4, 40, 2400, 2, 0.9),
    ('videomae', 'large', 'sthv2', 2400): Recipe(1024, 1, 1.5e-4, 40, 2400, 2, 0.9),
    ('videomae', 'huge', 'sthv2', 2400): Recipe(1024, 1, 1.5e-4, 40, 2400, 2, 0.9),
    ('videomae', 'base', 'sthv2', 800): Recipe(2048, 1, 1.5e-4, 40, 800, 2, 0.9),
    ('videomae', 'base', 'sthv2-rawframes', 800): Recipe(2048, 1, 1.5e-4, 40, 800, 2, 0.9),
    ('videomae', 'base', 'sthv2', 2400): Recipe(2048, 1, 1.5e-4, 40, 2400, 2, 0.9),
    ('videomae', 'base', 'ucf101', 3200): Recipe(192, 1, 3e-4, 40, 3200, 4, 0.75),
    ('videomae', 'base', 'hmdb51', 4800): Recipe(192, 1, 3e-4, 40, 4800, 2, 0.75),
    ('videomae', 'small', 'custom', 800): Recipe(192, 1, 3e-4, 40, 800, 4, 0.75),
    ('videomaev2', 'base', 'unlabeled-hybrid', 200): Recipe(1024, 4, 1e-3, 20, 200, 4, 0.9, 0.5),
    ('videomaev2', 'large', 'unlabeled-hybrid', 300): Recipe(1536, 4, 1e-3, 30, 300, 4, 0.9, 0.5),
    ('videomaev2', 'huge', 'unlabeled-hybrid', 300): Recipe(2048, 4, 1e-3, 30, 300, 4, 0.9, 0.5),
    ('videomaev2', 'giant', 'unlabeled-hybrid', 300): Recipe(
        2048, 4, 6e-4, 30, 300, 4, 0.9, 0.5, clip=0.02
    ),
    ('videomaev2', 'base', 'sthv2', 800): Recipe(2048, 1, 1.5e-4, 40, 800, 2, 0.9, 0.5),
}
# decoder width, depth, heads and hidden units; parameters in millions with the decoder
SHAPES = {
    ('videomae', 'small'): (192, 4, 3, 768, 24.029),
    ('videomae', 'base'): (384, 4, 6, 1536, 94.211),
    ('videomae', 'large'): (512, 12, 8, 2048, 342.997),
    ('videomae', 'huge'): (640, 12, 8, 2560, 692.487),
    ('videomaev2', 'base'): (384, 4, 6, 1536, 94.211),
    ('videomaev2', 'large'): (512, 4, 8, 2048, 317.782),
    ('videomaev2', 'huge'): (512, 4, 8, 2048, 645.659),
    ('videomaev2', 'giant'): (512, 4, 8, 2234, 1026.307),
}
# What an ablation changes of the recipe: encoder mask, decoder mask, other facts by key.
ABLATIONS = {
    'videomae': {
        'table1': {},
        'decoder-depth1': {'neck.depth': 1},
        'decoder-depth2': {'neck.depth': 2},
        'decoder-depth8': {'neck.depth': 8},
        'mask-tube75': {'encoder': ('TubeMask', 0.75)},
        'mask-tube95': {'encoder': ('TubeMask', 0.95)},
        'mask-random90': {'encoder': ('RandomMask', 0.9)},
        'mask-frame7of8': {'encoder': ('FrameMask', 0.875)},
        'target-centre': {'target': 'centre', 'head.frames_per_token': 1},
        'target-half-stride': {'stride': 0.5},
        'target-dense': {'target': 'dense', 'head.frames_per_token': 4, 'read': (32, 0.5)},
        'loss-l1': {'head.loss': 'l1'},
        'loss-smooth-l1': {'head.loss': 'smooth_l1'},
    },
    'videomaev2': {
        'decoder-none': {'decoder': None},
        'decoder-frame50': {'decoder': ('FrameMask', 0.5)},
        'decoder-random50': {'decoder': ('RandomMask', 0.5)},
        'decoder-cell50': {'decoder': ('RunningCellMask', 0.5)},
        'decoder-cell50-all-outputs': {
            'decoder': ('RunningCellMask', 0.5),
            'loss_on': 'all_outputs',
        },
        'decoder-cell25': {'decoder': ('RunningCellMask', 0.25)},
        'decoder-cell75': {'decoder': ('RunningCellMask', 0.75)},
    },
}

pretrain = pytest.mark.parametrize('path', PRETRAIN, ids=lambda p: p.stem)


def facts(path: Path) -> dict[str, Any]:
    """What the name says, numbers as numbers."""
    match = NAME.fullmatch(path.stem)
    assert match, f'{path.name} is not named as the others'
    return {k: int(v) if v and v.isdigit() else v for k, v in match.groupdict().items()}


def recipe_of(name: dict[str, Any]) -> Recipe:
    recipe = RECIPES[name['method'], name['size'], name['dataset'], name['epochs']]
    # V1's ablations have the batch of its appendix, not that of its scripts.
    paper = name['method'] == 'videomae' and name['variant'] in ABLATIONS['videomae']
    return recipe._replace(total=1024) if paper else recipe


def mask_of(cfg: Config, side: str) -> tuple[str, float] | None:
    mask = steps(cfg)['GenerateMasks'].get(side)
    return mask and (mask['type'], mask['ratio'])


def test_every_published_recipe_and_ablation_has_its_leaf() -> None:
    """No row is missing, and nothing is there that no table names."""
    found = {}
    for path in PRETRAIN:
        name = facts(path)
        key = (name['method'], name['size'], name['dataset'], name['epochs'])
        found.setdefault(key, set()).add(name['variant'])
    assert set(found) == set(RECIPES)
    for key, variants in found.items():
        if key in [('videomae', 'base', data, 800) for data in ('kinetics400', 'sthv2')]:
            expected = {None, *ABLATIONS['videomae']}
        elif key[0] == 'videomaev2' and key[2] == 'sthv2':
            expected = set(ABLATIONS['videomaev2'])
        elif key[1] == 'giant':  # V2 Table 2
            expected = {None, 'decoder-none'}
        else:
            expected = {None}
        assert variants - {'fsdp'} == expected, key


@pretrain
def test_the_name_agrees_with_the_content(path: Path) -> None:
    """Size, patch, GPUs x batch, frames x stride, epochs and data set, as the name has them."""
    name, cfg = facts(path), read(path)
    backbone, batch = cfg.model.backbone, cfg.train_dataloader.batch_size
    assert (backbone.arch, backbone.patch_size, batch) == (
        name['size'],
        name['patch'],
        name['batch'],
    )
    total = name['gpus'] * batch * cfg.optim_wrapper.get('accumulative_counts', 1)
    assert total == cfg.auto_scale_lr.base_batch_size
    assert cfg.train_cfg.max_epochs == name['epochs']
    clip, factor = steps(cfg)['SampleClip'], 2 if cfg.model.target == 'dense' else 1
    seen = (clip.clip_len // factor, clip.stride * factor, 1)
    assert seen == (name['frames'], name['stride'], name['clips'])
    grid = (name['frames'] // 2, 224 // name['patch'], 224 // name['patch'])
    assert tuple(steps(cfg)['GenerateMasks'].grid_size) == tuple(cfg.model.neck.grid_size) == grid


@pretrain
def test_the_recipe_is_the_published_one(path: Path) -> None:
    """Batch, rate, floor, warm-up, epochs, stride, masks, repeats and clipping of the tables."""
    name, cfg = facts(path), read(path)
    recipe = recipe_of(name)
    change = ABLATIONS[name['method']].get(name['variant'], {})
    assert cfg.auto_scale_lr.base_batch_size == recipe.total
    lr = cfg.optim_wrapper.optimizer.lr
    assert math.isclose(lr, recipe.base_lr * recipe.total / 256)
    floor = cfg.param_scheduler.eta_min_ratio * lr
    assert math.isclose(floor, 1e-5 * recipe.total / 256)
    assert cfg.param_scheduler.warmup == recipe.warmup
    optimizer = cfg.optim_wrapper.optimizer
    assert optimizer.type == 'AdamW' and tuple(optimizer.betas) == (0.9, 0.95)
    assert optimizer.weight_decay == 0.05 and optimizer.eps == 1e-8
    clip = cfg.optim_wrapper.get('clip_grad')
    assert clip == (recipe.clip and {'max_norm': recipe.clip})
    assert steps(cfg)['RepeatAugment'].num_repeats == recipe.repeats

    frames, factor = change.get('read', (16, change.get('stride', 1)))
    sampling = steps(cfg)['SampleClip']
    assert (sampling.clip_len, sampling.stride) == (frames, recipe.stride * factor)
    assert mask_of(cfg, 'encoder') == change.get('encoder', ('TubeMask', recipe.ratio))
    cells = recipe.decoder_ratio and ('RunningCellMask', recipe.decoder_ratio)
    assert mask_of(cfg, 'decoder') == change.get('decoder', cells)


@pretrain
def test_the_network_is_the_published_one(path: Path) -> None:
    """Decoder shapes per encoder and method; parameters of the whole network on paper."""
    name, cfg = facts(path), read(path)
    change = ABLATIONS[name['method']].get(name['variant'], {})
    width, depth, heads, hidden, params = SHAPES[name['method'], name['size']]
    neck, head = cfg.model.neck, cfg.model.head
    assert (neck.embed_dims, neck.depth) == (width, change.get('neck.depth', depth))
    assert neck.num_heads == heads and int(width * neck.mlp_ratio) == hidden
    assert neck.in_dims == ARCHS[name['size']].embed_dims and head.in_dims == width
    assert cfg.model.target == change.get('target', 'clip')
    assert cfg.model.loss_on == change.get('loss_on', 'invisible')
    assert head.loss == change.get('head.loss', 'mse') and head.normalise == 'per_channel'
    assert head.frames_per_token == change.get('head.frames_per_token', 2)

    with torch.device('meta'):
        model = registries.MODELS.build(cfg.model)
    counted = sum(p.numel() for p in model.parameters()) / 1e6
    if not {'neck.depth', 'target'} & set(change):
        assert round(counted, 3) == params
    assert f'{counted:.1f} M parameters' in header(path)


def giga_macs(cfg: Config) -> float:
    """Multiply-accumulates of one clip's forward pass, with 5 per element of a LayerNorm."""
    width, depth, _, ratio = resolve_arch(cfg.model.backbone.arch, ARCHS)
    neck, head, patch = cfg.model.neck, cfg.model.head, cfg.model.head.patch_size
    masks = steps(cfg)['GenerateMasks']
    grid = tuple(masks.grid_size)

    def build(mask: ConfigDict) -> int:
        return registries.MASK_GENERATORS.build({**mask, 'grid_size': grid}).num_masked

    total = math.prod(grid)
    visible = total - build(masks.encoder)
    asked = total - build(masks.decoder) if masks.get('decoder') else build(masks.encoder)
    if cfg.model.target == 'centre':
        asked //= grid[0]

    def blocks(count: int, tokens: int, dims: int, hidden: int) -> int:
        linear = tokens * (4 * dims * dims + 2 * dims * hidden)
        return count * (linear + 2 * tokens * tokens * dims + 5 * 2 * tokens * dims)

    macs = total * 3 * 2 * patch**2 * width
    macs += blocks(depth, visible, width, int(width * ratio)) + 5 * visible * width
    macs += visible * width * neck.embed_dims
    hidden = int(neck.embed_dims * neck.mlp_ratio)
    macs += blocks(neck.depth, visible + asked, neck.embed_dims, hidden)
    macs += asked * neck.embed_dims * (5 + 3 * head.frames_per_token * patch**2)
    return macs / 1e9


@pretrain
def test_the_header_says_command_cost_and_what_the_paper_reports(path: Path) -> None:
    """The command names the file and its GPUs; the cost is what the formula of the papers gives."""
    name, text, cfg = facts(path), header(path), read(path)
    assert re.match(command(path, name['gpus']), text)
    labels = [note.split(':')[0] for note in text.split('\n')]
    assert 'Cost' in labels and 'Paper' in labels
    assert f'{name["gpus"]} GPU' in text
    stated = float(re.search(r'Cost: ([\d.]+) G multiply-accumulates', text).group(1))
    assert stated == pytest.approx(giga_macs(cfg), rel=1e-3, abs=5.1e-3)


@pytest.mark.parametrize('folder', FOLDERS, ids=lambda p: p.relative_to(CONFIGS).as_posix())
def test_every_config_is_listed(folder: Path) -> None:
    """The papers' numbers name their source, and are also in the file."""
    for stem, (model, row) in listed(folder).items():
        path = folder / f'{stem}.py'
        cfg = read(path)
        assert model['Metadata']['Batch Size'] == cfg.auto_scale_lr.base_batch_size
        assert model['Metadata']['Epochs'] == cfg.train_cfg.max_epochs
        for result in model.get('Results', []):
            for metric, value in result['Metrics'].items():
                assert metric.endswith('(reported by the paper)')
                assert f'{value} %' in header(path) and str(value) in row


def test_the_table_of_the_docs_agrees_with_the_configs() -> None:
    """docs/recipes.md has one row per config with its batch, rate, epochs and masks."""
    rows = table('recipes.md')
    assert set(rows) == {p.stem for p in PRETRAIN}
    for path in PRETRAIN:
        cfg, name = read(path), facts(path)
        decoder = mask_of(cfg, 'decoder')
        repeats = steps(cfg)['RepeatAugment'].num_repeats
        total = str(cfg.auto_scale_lr.base_batch_size)
        expected = [
            total if repeats == 1 else f'{total} (x {repeats} clips)',
            f'{cfg.optim_wrapper.optimizer.lr:g}',
            str(cfg.param_scheduler.warmup),
            str(name['epochs']),
            str(name['stride']),
            '{} {:g}'.format(*mask_of(cfg, 'encoder')),
            '{} {:g}'.format(*decoder) if decoder else '-',
        ]
        assert rows[path.stem][: len(expected)] == expected, path.stem
