"""Configs of MoCo v3 agree with their names, headers and its recipe for images."""

import math
import re
from pathlib import Path

import pytest
import torch

from mmvideomae.analysis.complexity import measure_config
from mmvideomae.registry import MODELS
from tests.support.leaves import CONFIGS, LEAVES, command, header, load, read, steps

PRETRAIN = [path for path in LEAVES if path.parent == CONFIGS / 'pretrain/mocov3']
NAME = re.compile(
    r'mocov3_vit-base-p16_(?P<gpus>\d+)xb(?P<batch>\d+)-16x(?P<stride>\d)x1-300e_(?P<data>\w+)'
)
# Stride, and whether mirrored videos keep their classes.
DATA = {'kinetics400': (4, True), 'sthv2': (2, False), 'ucf101': (4, True), 'hmdb51': (2, True)}
pretrain = pytest.mark.parametrize('path', PRETRAIN, ids=lambda path: path.stem)


def test_every_data_set_of_the_paper_has_its_leaf() -> None:
    assert {path.stem.rpartition('_')[2] for path in PRETRAIN} == set(DATA)


@pretrain
def test_the_recipe_is_that_of_images(path: Path) -> None:
    name, cfg = NAME.fullmatch(path.stem).groupdict(), read(path)
    total, optimizer = int(name['gpus']) * int(name['batch']), cfg.optim_wrapper.optimizer
    assert cfg.train_dataloader.batch_size * int(name['gpus']) == total
    assert cfg.auto_scale_lr.base_batch_size == total
    assert math.isclose(optimizer.lr, 1.5e-4 * total / 256) and optimizer.weight_decay == 0.1
    schedule = cfg.param_scheduler
    assert (schedule.warmup, schedule.eta_min_ratio, cfg.train_cfg.max_epochs) == (40, 0, 300)
    found, (stride, mirrored) = steps(cfg), DATA[name['data']]
    assert found['SampleClip'].stride == int(name['stride']) == stride
    assert found['RepeatAugment'].num_repeats == 2 and 'GenerateMasks' not in found
    assert ('ClipFlip' in found) == mirrored
    assert 'ClipRandomResizedCrop' in found and 'ClipColorViews' in found
    assert cfg.default_hooks.teacher.type == 'TeacherHook'


@pytest.fixture(scope='module')
def macs() -> float:
    """Of all of them, which have one model, in units of 1e9."""
    return measure_config(load(PRETRAIN[0])).macs / 1e9


@pretrain
def test_the_header_says_command_and_cost(path: Path, macs: float) -> None:
    text, cfg = header(path), load(path)
    assert re.match(command(path, int(NAME.fullmatch(path.stem)['gpus'])), text)
    assert f'Cost: {macs:.2f} G multiply-accumulates per video' in text
    with torch.device('meta'):
        model = MODELS.build(cfg.model)
    learnt = sum(p.numel() for p in model.parameters() if p.requires_grad)
    assert f'{learnt / 1e6:.1f} M parameters' in text
    assert f'| {macs:.2f} | {learnt / 1e6:.1f} M |' in (path.parent / 'README.md').read_text()
    # The projector has three maps and the predictor two, with norms (MoCo v3 section 4.2).
    maps = [768 * 4096, 4096 * 4096, 4096 * 256, 256 * 4096, 4096 * 256]
    heads = sum(maps) + 3 * 2 * 4096
    embed = 3 * 2 * 16 * 16 * 768 + 768
    encoder = sum(p.numel() for p in model.backbone.parameters())
    assert learnt == encoder - embed + heads


def test_the_average_ends_where_it_stays() -> None:
    """From 0.99 along half a cosine to 1 (MoCo v3, appendix)."""
    cfg = load(PRETRAIN[0])
    cfg.model.backbone.update(arch={'embed_dims': 48, 'depth': 1, 'num_heads': 3}, img_size=32)
    momentum = MODELS.build(cfg.model).momentum
    expected = [1 - 0.01 * (1 + math.cos(math.pi * share)) / 2 for share in (0, 0.3, 1)]
    assert [momentum(share) for share in (0, 0.3, 1)] == pytest.approx(expected, abs=1e-12)
