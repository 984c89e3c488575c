"""Every pre-training config of VIMPAC agrees with its name, its header and the paper.

The tables below restate the paper's tables independently of the configs.
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
from mmvideomae.engine.loaders import settle_loaders
from tests.support.leaves import (
    CONFIGS,
    ROOT,
    command,
    header,
    read,
    steps,
    vimpac_encoder,
    vimpac_facts,
    vimpac_leaves,
)

PRETRAIN = vimpac_leaves('pretrain')
HOWTO100M = 1_238_791  # Table 5


class Run(NamedTuple):
    """A row of a table; `videos` is the number in one forward pass over all GPUs."""

    lr: float = 1e-3
    videos: int = 128
    total: int = 1024
    warmup: float = 0.1
    mask: tuple[str, float] = ('BlockMask', 5)
    alpha: float = 1.0
    head: bool = True
    contrast_input: str = 'masked'
    distance: float | None = None
    layout: str = 'T,H|W'
    pre_norm: bool = False
    noise: str | None = None


IID = 'IidMask'
# (size, frames, pixels, epochs, data set, variant) -> row
SMALL = ('small', 5, 128, 10, 'howto100m')
FINAL = {'lr': 3e-4, 'warmup': 0.05}
RUNS: dict[tuple[Any, ...], Run] = {
    # Table 1: 90 epochs, and the same run up to 100 on larger pictures
    ('large-half', 5, 128, 90, 'howto100m', None): Run(**FINAL, videos=256),
    ('large-half', 5, 256, 100, 'howto100m', None): Run(**FINAL, mask=('BlockMask', 6)),
    # Tables 3 and 6
    (*SMALL, None): Run(),
    ('small-wide', *SMALL[1:], None): Run(),
    ('small-deep', *SMALL[1:], None): Run(),
    ('base', *SMALL[1:], None): Run(),
    ('large-half', *SMALL[1:], None): Run(lr=3e-4),
    # Tables 7 and 12
    (*SMALL, 'alpha0'): Run(alpha=0),
    (*SMALL, 'contrast-only'): Run(head=False, contrast_input='intact'),
    (*SMALL, 'contrast-only-masked'): Run(head=False),
    (*SMALL, 'contrast-intact'): Run(contrast_input='intact'),
    # Tables 8, 9 and 15
    (*SMALL, 'alpha0-blocks4'): Run(alpha=0, mask=('BlockMask', 4)),
    (*SMALL, 'alpha0-blocks6'): Run(alpha=0, mask=('BlockMask', 6)),
    (*SMALL, 'alpha0-iid119'): Run(alpha=0, mask=(IID, 0.119)),
    (*SMALL, 'alpha0-iid145'): Run(alpha=0, mask=(IID, 0.145)),
    (*SMALL, 'alpha0-iid170'): Run(alpha=0, mask=(IID, 0.17)),
    ('small', 5, 256, 10, 'howto100m', 'alpha0'): Run(alpha=0, mask=('BlockMask', 6)),
    ('small', 5, 256, 10, 'howto100m', 'alpha0-iid152'): Run(alpha=0, mask=(IID, 0.152)),
    # Tables 10 and 11; a number of videos at a time is none of the name's variants
    **{(*SMALL, f'distance{s}s'): Run(distance=s) for s in (30, 10, 0)},
    **{(*SMALL, n): Run(videos=n) for n in (256, 512, 1024)},
    # Table 13
    (*SMALL, 'layout-txhxw'): Run(layout='TxHxW'),
    (*SMALL, 'layout-t-hxw'): Run(layout='T,HxW'),
    (*SMALL, 'layout-t-h-w'): Run(layout='T,H,W'),
    (*SMALL, 'layout-t-h-w-prenorm'): Run(layout='T,H,W', pre_norm=True),
    (*SMALL, 'prenorm'): Run(pre_norm=True),
    # Table 14
    ('small', 10, 128, 10, 'howto100m', None): Run(mask=('BlockMask', 6)),
    ('small', 5, 256, 10, 'howto100m', None): Run(mask=('BlockMask', 6)),
    ('small', 10, 256, 10, 'howto100m', None): Run(mask=('BlockMask', 7)),
    # Table 16
    (*SMALL, 'alpha05'): Run(alpha=0.5),
    (*SMALL, 'alpha2'): Run(alpha=2),
    # Appendices C.2 and G.3
    ('base', 5, 128, 100, 'kinetics600', None): Run(),
    ('base', 5, 128, 100, 'kinetics600', 'alpha0'): Run(alpha=0),
    (*SMALL, 'noise-token'): Run(noise='token'),
    (*SMALL, 'noise-block'): Run(noise='block'),
    # One's own videos
    ('small', 5, 128, 100, 'custom', None): Run(2.5e-4, 64, 256),
    ('small', 5, 128, 100, 'custom', 'pixels'): Run(2.5e-4, 64, 256),
}
# Parameters of the encoder in thousands, and of both heads (recipes of Tables 3, 6 and 13).
PARAMETERS = {
    ('small', 'T,H|W'): 29_442_048,
    ('small-wide', 'T,H|W'): 63_037_440,
    ('small-deep', 'T,H|W'): 54_666_240,
    ('base', 'T,H|W'): 119_748_096,
    ('large-half', 'T,H|W'): 210_106_368,
    ('small', 'TxHxW'): 23_132_160,
    ('small', 'T,H,W'): 35_751_936,
    ('small', 'T,HxW'): 29_442_048,
}
# Per cent of the tokens that blocks hide (Table 2).
RATIOS = {
    (5, 128, 4): 11.9,
    (5, 128, 5): 14.5,  # printed in Table 9
    (5, 128, 6): 17.0,
    (5, 256, 6): 15.2,
    (10, 128, 6): 15.0,
    (10, 256, 7): 15.4,
}

pretrain = pytest.mark.parametrize('path', PRETRAIN, ids=lambda p: p.stem)


def key_of(path: Path) -> tuple[Any, ...]:
    name = vimpac_facts(path)
    variant = name['variant']
    videos = name['gpus'] * name['batch']
    if name['size'] == 'small' and name['dataset'] == 'howto100m' and videos > 128:
        variant = videos
    return (name['size'], *(name[k] for k in ('frames', 'pixels', 'epochs', 'dataset')), variant)


def built(cfg: Config) -> nn.Module:
    """The model of a config, without memory for its weights."""
    return _built(json.dumps(cfg.model.to_dict()))


@functools.cache
def _built(model: str) -> nn.Module:
    with DefaultScope.overwrite_default_scope('mmvideomae'), torch.device('meta'):
        return registries.MODELS.build(ConfigDict(json.loads(model)))


def learned(model: nn.Module) -> int:
    """Parameters without those of the tokenizer."""
    return sum(p.numel() for p in model.parameters() if p.requires_grad)


def test_every_row_of_the_paper_has_its_leaf() -> None:
    """No row is missing, and nothing is there that no table names."""
    assert sorted(map(str, map(key_of, PRETRAIN))) == sorted(map(str, RUNS))


@pretrain
def test_the_name_agrees_with_the_content(path: Path) -> None:
    """Size, GPUs x batch, frames, rate and size of pictures, epochs, in training and validation."""
    name, cfg = vimpac_facts(path), read(path)
    assert cfg.model.backbone.arch == name['size']
    assert cfg.train_dataloader.batch_size == name['batch']
    total = name['gpus'] * name['batch'] * cfg.optim_wrapper.get('accumulative_counts', 1)
    assert total == cfg.auto_scale_lr.base_batch_size
    assert cfg.train_cfg.max_epochs == name['epochs']
    side = name['pixels'] // 8
    assert tuple(cfg.model.backbone.grid_size) == (name['frames'], side, side)
    splits = ['train'] if name['dataset'] == 'custom' else ['train', 'val']
    for found in (steps(cfg, split) for split in splits):
        sampling = found['SampleFps']
        assert (sampling.clip_len, sampling.fps) == (name['frames'], name['fps'])
        cut = found.get('OpenCodes') or found['DiagonalCrop']
        assert cut.size == name['pixels']
        assert tuple(found['GenerateMasks'].grid_size) == (name['frames'], side, side)


@pretrain
def test_the_run_is_that_of_the_paper(path: Path) -> None:
    """Rate, batch, optimizer, masks, contrast, noise and distance between clips of the tables."""
    name, cfg, run = vimpac_facts(path), read(path), RUNS[key_of(path)]
    optimizer, model = cfg.optim_wrapper.optimizer, cfg.model
    assert (optimizer.type, tuple(optimizer.betas)) == ('AdamW', (0.9, 0.98))
    assert (optimizer.eps, optimizer.weight_decay) == (1e-8, 0.05)
    assert math.isclose(optimizer.lr, run.lr)
    assert cfg.optim_wrapper.clip_grad == {'max_norm': 1.0}
    assert (name['gpus'] * name['batch'], cfg.auto_scale_lr.base_batch_size) == run[1:3]
    assert cfg.param_scheduler.type == 'WarmupLinearLR'
    assert cfg.param_scheduler.warmup_share == run.warmup
    assert (model.alpha, model.contrast_input) == (run.alpha, run.contrast_input)
    assert (model.head is not None, model.contrast.temperature) == (run.head, 0.2)
    layers = (3, 4096) if name['size'] == 'large-half' else (2, 2048)
    assert (model.contrast.num_layers, model.contrast.hidden_dims) == layers
    backbone = built(cfg).backbone
    assert (model.backbone.layout, model.backbone.get('pre_norm', False)) == run[-3:-1]
    assert backbone.drop.p == 0.1 and {
        a.attn_drop_rate for b in backbone.blocks for a in b.attns
    } == {0.1}

    sampling = steps(cfg)['SampleFps']
    assert (sampling.num_clips, sampling.get('max_distance')) == (2, run.distance)
    assert cfg.train_dataloader.sampler.round_to == 'update'
    for split in ['train'] if name['dataset'] == 'custom' else ['train', 'val']:
        masks = steps(cfg, split)['GenerateMasks']
        kind, amount = run.mask
        key = 'num_blocks' if kind == 'BlockMask' else 'ratio'
        assert masks.encoder == {'type': kind, key: amount}
        noise = masks.get('noise')
        assert (noise and (noise.per, noise.num_codes)) == (run.noise and (run.noise, 8192))
        found = steps(cfg, split)
        cut = found.get('OpenCodes') or found['DiagonalCrop']
        assert not {'scales', 'positions', 'flip'} & set(cut)  # the centre alone


@pretrain
def test_masks_hide_the_printed_share(path: Path) -> None:
    """On average, to 0.2 points of Table 2; a mask one by one has the share of its blocks."""
    name, cfg = vimpac_facts(path), read(path)
    masks = steps(cfg)['GenerateMasks']
    generator = registries.MASK_GENERATORS.build({**masks.encoder, 'grid_size': masks.grid_size})
    blocks = masks.encoder.get('num_blocks')
    if blocks:
        printed = RATIOS[name['frames'], name['pixels'], blocks]
        assert 100 * generator.ratio == pytest.approx(printed, abs=0.2)
    else:
        assert 100 * generator.ratio in [pytest.approx(p, abs=0.05) for p in RATIOS.values()]


@pretrain
def test_the_network_is_the_published_one(path: Path) -> None:
    """Parameters of the encoder, exactly, and what the header says of all that is learned."""
    name, cfg = vimpac_facts(path), read(path)
    model = built(cfg)
    encoder = sum(p.numel() for p in model.backbone.parameters())
    # The tables' count is of 5 frames of 128 pixels: each further place has a row of positions.
    longer = sum(cfg.model.backbone.grid_size) - 37
    expected = PARAMETERS[name['size'], cfg.model.backbone.layout]
    assert encoder == expected + longer * model.backbone.embed_dims == vimpac_encoder(cfg)[0]
    assert f'{learned(model) / 1e6:.1f} M parameters without the tokenizer' in header(path)
    if name['size'] == 'large-half' and name['pixels'] == 128:
        assert learned(model) == 233_210_885


@pretrain
def test_the_header_says_command_cost_and_what_the_paper_reports(path: Path) -> None:
    """The command names the file and its GPUs; the cost is what the layout of attentions gives."""
    name, text, cfg = vimpac_facts(path), header(path), read(path)
    assert re.match(command(path, name['gpus']), text)
    labels = [note.split(':')[0] for note in text.split('\n')]
    assert 'Cost' in labels and 'Paper' in labels
    assert f'{name["gpus"]} GPU' in text
    stated = float(re.search(r'Cost: ([\d.]+) G multiply-accumulates', text).group(1))
    assert stated == pytest.approx(vimpac_encoder(cfg)[1] / 1e9, abs=5.1e-3)


class Videos:
    """A data set of nothing but a length."""

    def __init__(self, count: int) -> None:
        self.count = count

    def __len__(self) -> int:
        return self.count

    def set_epoch(self, seed: int, epoch: int) -> None: ...


def updates(cfg: Config, gpus: int, videos: int, monkeypatch: pytest.MonkeyPatch) -> float:
    """How often a run on all its GPUs updates the weights."""
    monkeypatch.setattr('mmengine.dataset.sampler.get_dist_info', lambda: (0, gpus))
    cfg = copy.deepcopy(cfg)
    settle_loaders(cfg)
    sampler = registries.DATA_SAMPLERS.build(
        {**cfg.train_dataloader.sampler, 'dataset': Videos(videos), 'seed': 0}
    )
    batches = len(sampler) // cfg.train_dataloader.batch_size
    return batches * cfg.train_cfg.max_epochs / cfg.optim_wrapper.get('accumulative_counts', 1)


@pytest.mark.parametrize(('epochs', 'expected'), [(90, 108_810), (100, 120_900), (10, 12_090)])
def test_updates_are_those_of_table_4(
    epochs: int, expected: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """120,900 up to the end of the second stage, printed as 120K; 12,090 of an analysis, as 12K."""
    paths = [path for path in PRETRAIN if key_of(path)[3:5] == (epochs, 'howto100m')]
    assert paths
    for path in paths:
        found = updates(read(path), vimpac_facts(path)['gpus'], HOWTO100M, monkeypatch)
        assert found == expected, path.stem


def test_the_second_stage_goes_on_where_the_first_one_ends() -> None:
    """One schedule of 100 epochs, resumed after 90 of them at 3.158e-5, on larger pictures."""
    first, second = (
        next(read(path) for path in PRETRAIN if key_of(path)[:4] == ('large-half', 5, *stage))
        for stage in ((128, 90), (256, 100))
    )
    assert second.resume and second.load_from.endswith('_128xb2-5x2fps-90e_howto100m/epoch_90.pth')
    assert 'NextStageHook' in {hook.type for hook in second.default_hooks.values()}
    assert first.param_scheduler.end == second.train_cfg.max_epochs
    assert {**second.param_scheduler, 'end': 100} == first.param_scheduler
    assert first.optim_wrapper.optimizer == second.optim_wrapper.optimizer
    share = (100 - 90) / (100 * (1 - second.param_scheduler.warmup_share))
    assert second.optim_wrapper.optimizer.lr * share == pytest.approx(3.158e-5, rel=1e-3)


@pytest.mark.parametrize(
    'readme', ['pretrain/vimpac', 'pretrain/vimpac/ablations', 'recognition/vimpac']
)
def test_the_commands_of_the_readme_work(readme: str) -> None:
    """Every config that a command names exists; fewer GPUs reach the batch of the rate."""
    text = (CONFIGS / readme / 'README.md').read_text()
    text = re.sub(r'\\\n *', ' ', text)
    commands = re.findall(r'^(?:\w+=\w+ )*(?:bash|python) tools/\S+ .*$', text, re.MULTILINE)
    assert commands
    for line in commands:
        tool = re.search(r'tools/\S+', line)
        assert tool and (ROOT / tool[0]).is_file()
        (config,) = re.findall(r'configs/\S+\.py', line)
        cfg = copy.deepcopy(read(ROOT / config))
        options = dict(re.findall(r'(\S+)=(\d+)\b', line.partition('--cfg-options')[2]))
        gpus = re.search(rf'{re.escape(config)} (\d+)\b', line)
        if gpus is None or 'dist_train' not in line:
            continue
        batch = int(options.get('train_dataloader.batch_size', cfg.train_dataloader.batch_size))
        counts = cfg.optim_wrapper.get('accumulative_counts', 1)
        counts = int(options.get('optim_wrapper.accumulative_counts', counts))
        nodes = int((re.search(r'NNODES=(\d+)', line) or [0, 1])[1])
        assert nodes * int(gpus[1]) * batch * counts == cfg.auto_scale_lr.base_batch_size, line
