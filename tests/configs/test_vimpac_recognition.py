"""Every classification config of VIMPAC agrees with its name, its header and the paper.

The tables below restate the paper's tables independently of the configs.
"""

import math
import re
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from mmengine.config import Config

from mmvideomae.checkpoints.fitting import fit
from tests.configs.test_vimpac_pretraining import built, learned, updates
from tests.support.leaves import (
    CONFIGS,
    command,
    ends,
    header,
    listed,
    read,
    steps,
    vimpac_encoder,
    vimpac_facts,
    vimpac_leaves,
)

RECOGNITION = vimpac_leaves('recognition')
CLASSES = {
    'sthv2': 174,
    'diving48': 48,
    'ucf101': 101,
    'hmdb51': 51,
    'kinetics400': 400,
    'custom': 10,
}
# Training videos (Table 5), epochs, updates of fine-tuning (Table 4: 29K, 5.8K, 3.7K, 1.4K, 48K)
# and epochs from random weights (appendix C.2: 4 times as many, 1.5 times on the large sets).
SETS = {
    'sthv2': (168_913, 22, 29_018, 33),
    'diving48': (15_027, 50, 5_850, 200),
    'ucf101': (9_537, 50, 3_700, 200),
    'hmdb51': (3_570, 50, 1_350, 200),
    'kinetics400': (205_418, 30, 48_120, 45),
}


class Row(NamedTuple):
    """What a table has, besides Table 4."""

    clips: int = 2
    layout: str = 'T,H|W'
    pre_norm: bool = False


SMALL = ('small', 5, 2, 128)
# (size, frames, frames per second, pixels, data set, variant) -> row
ROWS: dict[tuple[Any, ...], Row] = {
    # Table 1
    ('large-half', 10, 4, 256, 'sthv2', None): Row(10),
    ('large-half', 10, 4, 256, 'diving48', None): Row(10),
    ('large-half', 10, 2, 256, 'ucf101', None): Row(10),
    ('large-half', 10, 4, 256, 'hmdb51', None): Row(10),
    ('large-half', 10, 2, 256, 'kinetics400', None): Row(10),
    # Table 6
    ('small-wide', 5, 2, 128, 'ucf101', None): Row(),
    ('small-deep', 5, 2, 128, 'ucf101', None): Row(),
    ('base', 5, 2, 128, 'ucf101', None): Row(),
    ('large-half', 5, 2, 128, 'ucf101', None): Row(),
    # Table 7
    **{(*SMALL, data, variant): Row() for data in SETS for variant in (None, 'scratch')},
    # Table 13
    (*SMALL, 'ucf101', 'layout-txhxw'): Row(layout='TxHxW'),
    (*SMALL, 'ucf101', 'layout-t-hxw'): Row(layout='T,HxW'),
    (*SMALL, 'ucf101', 'layout-t-h-w'): Row(layout='T,H,W'),
    (*SMALL, 'ucf101', 'layout-t-h-w-prenorm'): Row(layout='T,H,W', pre_norm=True),
    (*SMALL, 'ucf101', 'prenorm'): Row(pre_norm=True),
    # Table 14
    ('small', 10, 2, 128, 'ucf101', None): Row(),
    ('small', 5, 2, 256, 'ucf101', None): Row(),
    ('small', 10, 2, 256, 'ucf101', None): Row(),
    (*SMALL, 'custom', None): Row(),
}

leaves = pytest.mark.parametrize('path', RECOGNITION, ids=lambda p: p.stem)


def key_of(path: Path) -> tuple[Any, ...]:
    name = vimpac_facts(path)
    return tuple(name[k] for k in ('size', 'frames', 'fps', 'pixels', 'dataset', 'variant'))


def test_every_row_of_the_paper_has_its_leaf() -> None:
    """No row is missing, and nothing is there that no table names."""
    assert sorted(map(str, map(key_of, RECOGNITION))) == sorted(map(str, ROWS))


@leaves
def test_the_name_agrees_with_the_content(path: Path) -> None:
    """Size, GPUs x batch, frames, rate, pixels and epochs, also of validation and test."""
    name, cfg = vimpac_facts(path), read(path)
    assert cfg.model.backbone.arch == name['size']
    assert cfg.train_dataloader.batch_size == name['batch']
    assert cfg.train_cfg.max_epochs == name['epochs']
    side = name['pixels'] // 8
    assert tuple(cfg.model.backbone.grid_size) == (name['frames'], side, side)
    for split in ('train', 'val', 'test'):
        found = steps(cfg, split)
        sampling, cut = found['SampleFps'], found.get('OpenCodes') or found['DiagonalCrop']
        assert (sampling.clip_len, sampling.fps) == (name['frames'], name['fps'])
        assert cut.size == name['pixels']
        dataset = cfg[f'{split}_dataloader'].dataset
        assert dataset.num_classes == cfg.model.cls_head.num_classes == CLASSES[name['dataset']]


@leaves
def test_the_recipe_is_that_of_table_4(path: Path) -> None:
    """AdamW, rate by size, linear decay, batch 128, epochs, dropout, a head that starts at zero."""
    name, cfg, row = vimpac_facts(path), read(path), ROWS[key_of(path)]
    optimizer = cfg.optim_wrapper.optimizer
    assert (optimizer.type, tuple(optimizer.betas)) == ('AdamW', (0.9, 0.999))
    assert (optimizer.eps, optimizer.weight_decay) == (1e-8, 0.01)
    assert math.isclose(optimizer.lr, 5e-5 if name['size'] == 'large-half' else 1e-4)
    assert cfg.optim_wrapper.clip_grad == {'max_norm': 1.0}
    assert not (cfg.optim_wrapper.get('paramwise_cfg') or {}).get('layer_decay_rate')
    total = name['gpus'] * name['batch'] * cfg.optim_wrapper.get('accumulative_counts', 1)
    assert total == cfg.auto_scale_lr.base_batch_size == 128
    assert (cfg.param_scheduler.type, cfg.param_scheduler.warmup_share) == ('WarmupLinearLR', 0.1)
    if name['dataset'] != 'custom':
        _, epochs, _, scratch = SETS[name['dataset']]
        assert name['epochs'] == (scratch if name['variant'] == 'scratch' else epochs)
    head, backbone = cfg.model.cls_head, built(cfg).backbone
    assert (head.init_scale, head.get('dropout_ratio', 0.0)) == (0.0, 0.0)
    assert head.average_clips == 'prob'
    assert (cfg.model.backbone.layout, cfg.model.backbone.get('pre_norm', False)) == row[1:]
    assert backbone.drop.p == 0.1


@leaves
def test_views_are_those_of_table_4(path: Path) -> None:
    """12 in training, 6 where left and right are classes; clips x crops in the test."""
    name, cfg, row = vimpac_facts(path), read(path), ROWS[key_of(path)]
    mirrored = name['dataset'] != 'sthv2'
    views = {}
    for split in ('train', 'val', 'test'):
        found = steps(cfg, split)
        with_views = 'OpenCodes' if 'OpenCodes' in found else 'DiagonalCrop'
        cut = found[with_views]
        shape = (
            cut.get('scales', (1.0,)),
            cut.get('positions', ('centre',)),
            cut.get('flip', False),
        )
        clips = found['SampleFps'].get('num_clips', 1)
        views[split] = (tuple(shape[0]), tuple(shape[1]), shape[2], clips)
    three = ('top', 'centre', 'bottom')
    assert views['train'] == ((1.0, 1.25), three, mirrored, 1)
    assert views['val'] == ((1.0,), ('centre',), False, 1)
    assert views['test'] == ((1.0,), three if mirrored else ('centre',), False, row.clips)
    assert cfg.train_dataloader.dataset.get('mirrorable', True) == mirrored


@leaves
def test_the_header_says_command_cost_and_what_the_paper_reports(path: Path) -> None:
    """The command names file and GPUs; cost, parameters and views are those of the config."""
    name, text, cfg = vimpac_facts(path), header(path), read(path)
    assert re.match(command(path, name['gpus']), text)
    labels = [note.split(':')[0] for note in text.split('\n')[1:]]
    assert labels[:3] == ['Cost', 'Paper', 'Recipe']
    assert f'{name["gpus"]} GPU' in text
    macs = vimpac_encoder(cfg)[1] + built(cfg).cls_head.in_channels * CLASSES[name['dataset']]
    stated = float(re.search(r'Cost: ([\d.]+) G multiply-accumulates per view', text).group(1))
    assert stated == pytest.approx(macs / 1e9, abs=5.1e-3)
    assert f'{learned(built(cfg)) / 1e6:.1f} M parameters without the tokenizer' in text
    crops = '1 crop' if name['dataset'] == 'sthv2' else '3 crops'
    assert f'{ROWS[key_of(path)].clips} clips x {crops} in the test' in text
    if name['dataset'] in ('ucf101', 'hmdb51'):
        assert 'SPLIT=2' in text
        assert '/split1/' in cfg.train_dataloader.dataset.sources[0].ann_file


@pytest.mark.parametrize('dataset', SETS)
def test_updates_are_those_of_table_4(dataset: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The last incomplete batch is dropped, on 64 GPUs as on 8."""
    videos, epochs, expected, _ = SETS[dataset]
    found = {
        vimpac_facts(path)['gpus']: updates(
            read(path), vimpac_facts(path)['gpus'], videos, monkeypatch
        )
        for path in RECOGNITION
        if vimpac_facts(path)['dataset'] == dataset and vimpac_facts(path)['epochs'] == epochs
    }
    assert {8, 64} <= set(found) and set(found.values()) == {expected}


@leaves
def test_weights_of_the_run_before_fit(path: Path) -> None:
    """The encoder fits completely, with the same size and layout; only the classifier is new."""
    cfg, variant = read(path), vimpac_facts(path)['variant']
    if variant == 'scratch':
        assert cfg.load_from is None
        return
    _, previous = ends(cfg.load_from)
    before, now = previous.model.backbone, cfg.model.backbone
    assert (before.arch, before.layout) == (now.arch, now.layout)
    assert before.get('pre_norm', False) == now.get('pre_norm', False)
    fitted = fit(built(previous).state_dict(), built(cfg), 'the run before', True, None)
    missing = [key for key in built(cfg).state_dict() if key not in fitted.state_dict]
    assert {key.split('.')[0] for key in missing} <= {'cls_head', 'data_preprocessor'}
    assert any(key.startswith('cls_head') for key in missing)


def test_every_config_is_listed() -> None:
    """Numbers name their source, and agree in file, metafile and README."""
    folder = CONFIGS / 'recognition' / 'vimpac'
    for stem, (model, row) in listed(folder).items():
        path = folder / f'{stem}.py'
        cfg, text, meta = read(path), header(path), model['Metadata']
        assert meta['Batch Size'] == cfg.auto_scale_lr.base_batch_size
        assert meta['Epochs'] == cfg.train_cfg.max_epochs
        assert f'{meta["FLOPs (G)"]:.2f} G multiply' in text
        assert f'{meta["Parameters (M)"]} M parameters' in text
        clips, crops = meta['Test Views'].split(' x ')
        assert f'{clips} clips x {crops} crop' in text
        for result in model.get('Results', []):
            for metric, value in result['Metrics'].items():
                assert metric == 'Top 1 Accuracy (reported by the paper)'
                assert f'{value} %' in text and f'{value} ' in row


def test_the_environment_chooses_the_split(monkeypatch: pytest.MonkeyPatch) -> None:
    """SPLIT=3 reads the lists of the third split in training, validation and test."""
    monkeypatch.setenv('SPLIT', '3')
    for dataset in ('ucf101', 'hmdb51'):
        for suffix in ('', '_128px'):
            cfg = Config.fromfile(CONFIGS / f'_base_/datasets/{dataset}_codes{suffix}.py')
            lists = [
                cfg[f'{s}_dataloader'].dataset.sources[0].ann_file for s in ('train', 'val', 'test')
            ]
            assert lists == [f'data/{dataset}/split3/{s}.csv' for s in ('train', 'val', 'val')]
