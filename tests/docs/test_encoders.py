"""Contract: the three commands of docs/features.md work for every family in its table."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine import Config
from mmengine.registry import DefaultScope

from mmvideomae.apis import init_model
from mmvideomae.registry import MODELS
from tests.support.leaves import ROOT, load
from tests.support.videos import moving_shapes, write_video

PAGE = (ROOT / 'docs' / 'features.md').read_text(encoding='utf-8')
SECTION = PAGE.partition('## Encoders of other projects\n')[2].partition('\n## ')[0]
COMMANDS = re.findall(r'^```bash\n(.*?)^```$', SECTION, re.MULTILINE | re.DOTALL)[0].splitlines()
ROWS = dict(re.findall(r'^\| ([\w -]+) \| `(configs/\S+)` \|', SECTION, re.MULTILINE))
WIDTHS = dict(re.findall(r'`(configs/\S+)` \|.*\| (\d+) \|$', SECTION, re.MULTILINE))
SMALL = (
    ' --cfg-options train_cfg.max_epochs=1 train_cfg.val_begin=1 '
    'default_hooks.checkpoint.interval=1 train_dataloader.num_workers=0 '
    'train_dataloader.persistent_workers=False val_dataloader.num_workers=0 '
    'val_dataloader.persistent_workers=False'
)
TINY = {'embed_dims': 48, 'depth': 1, 'num_heads': 3}
IMAGES = {'img_size': 32, 'pretrained': False, 'frozen': True}


def offline(path: str) -> Config:
    """The config of a row, without weights that would have to be downloaded."""
    cfg = load(ROOT / path)
    tokenizer = cfg.model.data_preprocessor.get('tokenizer')
    if tokenizer is not None:
        tokenizer.pop('init_cfg')
    return cfg


def shrunken(path: str) -> Config:
    """The same with one narrow block, on frames of 32 pixels."""
    cfg = offline(path)
    backbone = cfg.model.backbone
    if backbone.type == 'TimmFrameBackbone':
        backbone.update(IMAGES, options={'embed_dim': 48, 'depth': 1, 'num_heads': 3})
        return cfg
    backbone.arch = TINY
    if 'tokenizer' in cfg.model.data_preprocessor:
        cfg.model.data_preprocessor.tokenizer.update(widths=(8, 8, 8), num_blocks=1, code_dims=8)
        backbone.update(grid_size=(5, 4, 4), arch={**TINY, 'num_heads': 4})  # half for each axis
    else:
        backbone.update(img_size=32, patch_size=8)
    if cfg.model.cls_head.type == 'AttentiveHead':
        cfg.model.cls_head.num_heads = 3
    crop = cfg.test_dataloader.dataset.pipeline.crop
    crop.size = 32
    if crop.get('short_side'):
        crop.short_side = 36
    return cfg


def test_the_table_has_five_families_and_their_widths() -> None:
    assert len(COMMANDS) == 3 and ROWS.keys() == {
        *('VideoMAE', 'VIMPAC', 'V-JEPA 2', 'DINO on frames', 'CLIP on frames')
    }
    for path in ROWS.values():
        with DefaultScope.overwrite_default_scope('mmvideomae'), torch.device('meta'):
            model = MODELS.build(offline(path).model)
        assert int(WIDTHS[path]) == model.backbone.embed_dims, path


@pytest.mark.slow
def test_the_commands_run_for_every_family(tmp_path: Path, run_page: Callable[..., str]) -> None:
    write_video(tmp_path / 'new.mp4', moving_shapes(90, 64, 80, seed=99), fps=10)
    lines = [
        'python tools/data/synthesize.py untrimmed data/own --train 3 --val 1 --workers 1 '
        '--size 32 --seconds 8 10 --segment-seconds 1 2 --gap-seconds 0.5 1'
    ]
    for family, path in ROWS.items():
        name, cfg = family.split()[0], shrunken(path)
        cfg.dump(tmp_path / f'{name}.py')
        weights = 'own'
        if cfg.model.backbone.type != 'TimmFrameBackbone':
            weights = f'{name}.pth'
            torch.manual_seed(0)
            state = init_model(cfg, device='cpu').state_dict()
            torch.save({'state_dict': state}, tmp_path / weights)
        for command in COMMANDS:
            line = command.replace('CONFIG', f'{name}.py').replace('CKPT', weights)
            line = line.replace('WIDTH=WIDTH', 'WIDTH=48').replace('epoch_30', 'epoch_1')
            line = line.replace('data/own/features', f'data/own/{name}')
            line = line.replace('work_dirs/own', f'work_dirs/{name}')
            line = line.replace('work_dirs/new', f'work_dirs/new_{name}')
            training = 'tools/train.py' in line
            lines.append(f'FEATURE_DIR=data/own/{name} {line}{SMALL}' if training else line)
    run_page(tmp_path, lines)
    for family in ROWS:
        name = family.split()[0]
        features = [np.load(path) for path in (tmp_path / 'data/own' / name).glob('*.npy')]
        assert len(features) == 4 and all(len(each) > 1 for each in features)
        assert all(each.shape[1] == 48 and np.ptp(each, 0).max() > 0 for each in features)
        found = json.loads((tmp_path / f'work_dirs/new_{name}/segments.json').read_text())
        assert found['results'].keys() == {'new'}
