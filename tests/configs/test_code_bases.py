"""Contract: VIMPAC's data sets have its clips and views, from files and from pixels."""

from pathlib import Path
from typing import Any

import pytest
from mmengine.config import Config
from mmengine.registry import init_default_scope

from mmvideomae.datasets.video_list_dataset import VideoListDataset
from mmvideomae.registry import DATASETS
from tests.support.code_files import write_codes
from tests.support.leaves import CONFIGS
from tests.support.videos import moving_shapes, write_video

BASES = CONFIGS / '_base_' / 'datasets'
# Frames per second in the paper, folder of the lists, classes, views in training and test.
LABELLED = {
    'kinetics400': (2, '', 400, 12, 3),
    'ucf101': (2, 'split1', 101, 12, 3),
    'hmdb51': (4, 'split1', 51, 12, 3),
    'sthv2': (4, '', 174, 6, 1),
    'diving48': (4, '', 48, 12, 3),
    'custom': (2, '', 10, 12, 3),
}
KINDS = ('codes', 'fps')


def base(name: str) -> Config:
    init_default_scope('mmvideomae')
    return Config.fromfile(BASES / f'{name}.py')


def build(cfg: Config, loader: str) -> VideoListDataset:
    dataset = DATASETS.build(cfg[f'{loader}_dataloader'].dataset)
    dataset.set_epoch(0, 0)
    return dataset


@pytest.fixture(scope='module')
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with ``data``, tiny data sets of two videos each."""
    root = tmp_path_factory.mktemp('place')
    video = write_video(root / 'video.mp4', moving_shapes(30, 32, 40), fps=10)
    lengths = {'deep/train': 48, 'deep/val': 48}
    write_codes(root / 'codes_fps16_256', lengths, 256, 16)
    write_codes(root / 'codes_fps2_128', {'deep/train': 6, 'deep/val': 6}, 128)
    for name, (_, lists, classes, _, _) in LABELLED.items():
        folder = root / 'data' / name
        (folder / lists).mkdir(parents=True)
        (folder / 'videos' / 'deep').mkdir(parents=True)
        (folder / 'classes.txt').write_text(''.join(f'class {n}\n' for n in range(classes)))
        for number, split in enumerate(('train', 'val')):
            (folder / lists / f'{split}.csv').write_text(f'deep/{split}.mp4 {number}\n')
            (folder / 'videos' / 'deep' / f'{split}.mp4').symlink_to(video)
        for codes in ('codes_fps16_256', 'codes_fps2_128'):
            (folder / codes).symlink_to(root / codes)
    for name in ('howto100m', 'kinetics600'):
        (root / 'data' / name).symlink_to(root / 'data' / 'kinetics400')
    return root


@pytest.fixture(autouse=True)
def _at_the_place(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(place)


@pytest.mark.parametrize('kind', KINDS)
@pytest.mark.parametrize('name', LABELLED)
def test_labelled_clips(name: str, kind: str) -> None:
    fps, _, classes, views, crops = LABELLED[name]
    cfg = base(f'{name}_{kind}')
    key, tail = ('codes', (32, 32)) if kind == 'codes' else ('inputs', (256, 256, 3))
    for loader, rows in (('train', 1), ('val', 1), ('test', 10 * crops)):
        dataset = build(cfg, loader)
        sample = dataset[0]
        assert sample[key].shape == (rows, 10, *tail)
        assert sample['pad_mask'].shape == (rows, 10)
        # Ten frames at 2 per second are 5 seconds of a video of 3.
        assert (~sample['pad_mask']).sum(1).tolist() == [3 * fps if fps == 2 else 10] * rows
        label = 0 if loader == 'train' else 1
        assert sample['data_samples'].gt_label.tolist() == [label]
        assert dataset.num_classes == classes and len(dataset.metainfo['classes']) == classes
        assert cfg[f'{loader}_dataloader'].dataset.pipeline.sample.fps == fps
    opening = build(cfg, 'train').pipeline.transforms[0 if kind == 'codes' else 3]
    assert len(opening.views) == views and opening.mirrors == (views == 12)


@pytest.mark.parametrize(
    ('name', 'validated'),
    [
        ('howto100m_codes', True),
        ('howto100m_fps', True),
        ('kinetics600_codes_pretrain', True),
        ('custom_codes_pretrain', False),
        ('custom_fps_pretrain', False),
    ],
)
def test_pre_training_takes_pairs_of_any_folder(name: str, validated: bool) -> None:
    cfg = base(name)
    assert (cfg.val_dataloader is not None) == validated == (cfg.val_evaluator is not None)
    key, tail = ('codes', (16, 16)) if 'codes' in name else ('inputs', (128, 128, 3))
    for loader in ('train', 'val') if validated else ('train',):
        sample = build(cfg, loader)[0]
        assert sample[key].shape == (2, 5, *tail)
        assert sample['encoder_mask'].shape == (2, 5 * 16 * 16) and sample['encoder_mask'].any()
        assert (sample['encoder_mask'][0] != sample['encoder_mask'][1]).any()
        assert not sample['pad_mask'].any()
    if validated:  # each time alike
        first, second = (build(cfg, 'val')[0]['encoder_mask'] for _ in range(2))
        assert (first == second).all()


@pytest.mark.parametrize('kind', KINDS)
def test_a_leaf_says_length_rate_and_size_once(tmp_path: Path, kind: str) -> None:
    path = tmp_path / 'leaf.py'
    step = 'open' if kind == 'codes' else 'crop'
    path.write_text(
        f"_base_ = '{BASES / f'hmdb51_{kind}.py'}'\n"
        f'clip = dict(sample=dict(clip_len=5, fps=2), {step}=dict(size=128))\n'
        'train_dataloader = dict(dataset=dict(pipeline=clip))\n'
        'val_dataloader = dict(dataset=dict(pipeline=clip))\n'
        'test_dataloader = dict(dataset=dict(pipeline=clip))\n'
    )
    cfg = Config.fromfile(path)
    for loader in ('train', 'val', 'test'):
        steps: Any = cfg[f'{loader}_dataloader'].dataset.pipeline
        assert (steps.sample.clip_len, steps.sample.fps, steps[step].size) == (5, 2, 128)
        if kind == 'codes':
            assert steps.open.folder == 'data/hmdb51/codes_fps{fps}_{size}'
