"""Every config of V-JEPA 2 follows its evaluations, states its cost, and is listed."""

import re
from pathlib import Path

import pytest
import torch
from mmengine.registry import DefaultScope
from torch import nn

from mmvideomae.checkpoints import fit, to_ours
from mmvideomae.registry import MODELS
from tests.support.leaves import CONFIGS, LEAVES, command, encoder_macs, header, listed, read, steps

FOLDER = CONFIGS / 'recognition' / 'vjepa2'
PATHS = [path for path in LEAVES if path.parent == FOLDER]
NAME = re.compile(
    r'vjepa2_vit-(?P<size>large|huge|giant)-p16_(?P<gpus>\d+)xb(?P<batch>\d+)-'
    r'(?P<frames>\d+)x(?P<stride>\d+)x1-20e_(?P<dataset>[a-z0-9]+)_attentive(?:_(?P<pixels>384)px)?'
)
CLASSES = {'sthv2': 174, 'kinetics400': 400, 'custom': 10}
# Clips x crops of the tests, and what the paper reports, by size, data set and pixels.
VIEWS = {'sthv2': (2, 3), 'kinetics400': (8, 3), 'custom': (1, 1)}
REPORTED = {
    ('large', 'sthv2', 256): 73.7,
    ('giant', 'sthv2', 256): 75.3,
    ('giant', 'sthv2', 384): 77.3,
    ('giant', 'kinetics400', 256): 86.6,
}
FILES = {('large', 256): 'vitl', ('huge', 256): 'vith', ('giant', 256): 'vitg'} | {
    ('giant', 384): 'vitg-384'
}
leaves = pytest.mark.parametrize('path', PATHS, ids=lambda path: path.stem)


def built(path: Path) -> nn.Module:
    with DefaultScope.overwrite_default_scope('mmvideomae'), torch.device('meta'):
        return MODELS.build(read(path).model)


@leaves
def test_the_config_follows_the_evaluations_and_says_so(path: Path) -> None:
    match = NAME.fullmatch(path.stem)
    assert match, path.stem
    name, cfg, text = match.groupdict(), read(path), header(path)
    size, dataset, pixels = name['size'], name['dataset'], int(name['pixels'] or 256)
    gpus, batch, frames, stride = (int(name[k]) for k in ('gpus', 'batch', 'frames', 'stride'))
    clips, crops = VIEWS[dataset]
    backbone, head = cfg.model.backbone, cfg.model.cls_head
    assert (backbone.arch, backbone.frozen, backbone.out_type) == (size, True, 'tokens')
    assert (head.depth, head.num_heads, head.num_classes) == (4, 16, CLASSES[dataset])
    assert (head.get('num_segments', 1), head.get('num_crops', 1)) == (clips, crops)
    for split in ('val', 'test'):
        found = steps(cfg, split)
        sample, crop = found['SampleDenseClips'], found['CropViews']
        assert (sample.clip_len, sample.stride, sample.num_clips) == (frames, stride, clips)
        assert (crop.size, crop.num_crops) == (pixels, crops)
    train = steps(cfg)
    assert (train['SampleDenseClips'].clip_len, train['SampleDenseClips'].stride) == (
        frames,
        stride,
    )
    assert train['ClipRandomResizedCrop'].size == pixels
    assert train['RepeatAugment'].num_repeats == 1
    assert ('ClipFlip' in train) == (dataset == 'custom')
    total = 8 if dataset == 'custom' else 256
    assert gpus * batch == cfg.auto_scale_lr.base_batch_size == total
    assert cfg.train_dataloader.batch_size == batch
    assert cfg.optim_wrapper.optimizer.lr == pytest.approx(1e-3 * total / 256)
    assert (cfg.param_scheduler.warmup, cfg.param_scheduler.eta_min_ratio) == (0, 0)
    assert cfg.train_cfg.max_epochs == 20
    file = FILES[size, pixels]
    assert cfg.load_from == f'checkpoints/{file}.pt'
    assert re.match(command(path, gpus), text) and f'/{file}.pt, MIT licence' in text
    macs = encoder_macs(cfg, frames, pixels) / 1e9
    stated = float(re.search(r'Cost: ([\d.]+) G multiply-accumulates of the', text).group(1))
    assert stated == pytest.approx(macs, rel=1e-3)
    count = sum(param.numel() for param in built(path).parameters()) / 1e6
    assert f'{count:.1f} M parameters' in text
    reported = REPORTED.get((size, dataset, pixels))
    assert (f'{reported} % top-1' in text) == (reported is not None)


def test_every_published_number_has_its_config_and_all_are_listed() -> None:
    found = set()
    for stem, (model, row) in listed(FOLDER).items():
        name, text, meta = NAME.fullmatch(stem), header(FOLDER / f'{stem}.py'), model['Metadata']
        found.add((name['size'], name['dataset'], int(name['pixels'] or 256)))
        assert meta['Batch Size'] == int(name['gpus']) * int(name['batch'])
        assert f'{meta["FLOPs (G)"]} G multiply' in re.sub(r'(\.\d)0 G mult', r'\1 G mult', text)
        assert f'{meta["Parameters (M)"]} M parameters' in text
        clips, crops = VIEWS[name['dataset']]
        assert meta['Test Views'] == f'{clips} x {crops}' and f'| {clips} x {crops} |' in row
        for result in model.get('Results', []):
            (value,) = result['Metrics'].values()
            assert result['Metrics'].keys() == {'Top 1 Accuracy (reported by the paper)'}
            assert f'{value} %' in text and f'| {value} ' in row
    assert found >= REPORTED.keys()


def test_the_weights_of_an_official_file_fit() -> None:
    """The encoder is whole, and the head starts anew."""
    (path,) = [p for p in PATHS if 'giant' in p.stem and 'kinetics400' in p.stem]
    model = built(path)
    theirs = {
        f'target_encoder.{key}': torch.zeros(1).expand(value.shape)
        for key, value in model.backbone.state_dict().items()
    }
    fitted = fit(to_ours(theirs).state_dict, model, 'vitg.pt', True)
    missing = {key.partition('.')[0] for key in model.state_dict() if key not in fitted.state_dict}
    assert missing == {'cls_head'}


def test_commands_of_the_readme_name_configs_that_exist() -> None:
    text = (FOLDER / 'README.md').read_text().replace('\\\n', '')
    commands = re.findall(r'(configs/\S+\.py)', text)
    assert len(commands) >= 3
    assert all((FOLDER.parents[2] / name).is_file() for name in commands)
