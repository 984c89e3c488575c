"""Contract: user errors with classifiers end in one line that names the fix."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from mmengine.config import Config
from mmengine.registry import DefaultScope

from mmvideomae.registry import MODELS
from tests.support.models import tiny_recognizer

ROOT = Path(__file__).resolve().parents[2]
CLASSES = ('jump', 'run', 'sit')
Call = Callable[..., Any]


def pipeline(flip: float = 0.0) -> dict[str, dict[str, Any]]:
    crops = {
        'crop': {'type': 'ClipRandomResizedCrop', 'size': 32},
        'flip': {'type': 'ClipFlip', 'prob': flip},
    }
    return {
        'open': {'type': 'OpenVideo'},
        'sample': {'type': 'SampleDenseClips', 'clip_len': 4, 'stride': 2},
        'read': {'type': 'ReadFrames'},
        'augment': {'type': 'RepeatAugment', 'num_repeats': 2, 'transforms': crops},
        'pack': {'type': 'PackClips'},
    }


@pytest.fixture
def config(tmp_path: Path, video_folder: Path) -> Path:
    """Config of a tiny classifier of three classes on eight clips."""
    videos = sorted(video_folder.iterdir())
    lines = [f'{path.name},{number % 3}' for number, path in enumerate(videos)]
    (tmp_path / 'train.csv').write_text('\n'.join(lines))
    (tmp_path / 'classes.txt').write_text('\n'.join(CLASSES))
    bases = ROOT / 'configs' / '_base_'
    cfg = Config.fromfile(bases / 'default_runtime.py')
    cfg.merge_from_dict(Config.fromfile(bases / 'schedules/adamw_finetune.py').to_dict())
    cfg.val_cfg = cfg.test_cfg = None
    dataset = {
        'type': 'VideoListDataset',
        'sources': [{'ann_file': str(tmp_path / 'train.csv'), 'data_prefix': str(video_folder)}],
        'labelled': True,
        'num_classes': 3,
        'classes': str(tmp_path / 'classes.txt'),
        'pipeline': pipeline(),
    }
    loader = {
        'batch_size': 2,
        'num_workers': 0,
        'sampler': {'type': 'EpochSampler', 'shuffle': True},
        'collate_fn': {'type': 'default_collate'},
        'dataset': dataset,
    }
    overrides = {
        'model': tiny_recognizer(num_classes=3),
        'train_dataloader': loader,
        'train_cfg': {'max_epochs': 1},
        'param_scheduler': {'warmup': 0},
    }
    cfg.merge_from_dict(overrides)
    cfg.model.cls_head.topk = (1,)
    cfg.experiment_name = tmp_path.name  # runs of one second would share their files
    cfg.dump(tmp_path / 'tiny.py')
    return tmp_path / 'tiny.py'


@pytest.fixture
def train(config: Path, call_tool: Call, tmp_path: Path) -> Call:
    def run(*options: str) -> Any:
        words = ['--cfg-options', *options] if options else []
        return call_tool('train.py', config, '--work-dir', tmp_path / 'run', *words).code

    return run


def test_the_right_input_trains(train: Call, tmp_path: Path) -> None:
    assert train() == 0
    assert (tmp_path / 'run' / 'epoch_1.pth').is_file()


@pytest.mark.parametrize(
    ('options', 'problem', 'cure'),
    [
        (
            ['model.cls_head.num_classes=4'],
            'the model has 4 classes, but its data 3',
            'num_classes=3',
        ),
        (
            [
                'model.data_preprocessor.label_smoothing=0.1',
                'model.data_preprocessor.num_classes=4',
            ],
            'the model has 3 classes, but its data preprocessor 4',
            'omit model.data_preprocessor.num_classes, or set it to 3',
        ),
        (['train_dataloader.dataset.labelled=False'], 'labels', 'set labelled=True'),
        (
            ['train_dataloader.collate_fn.type=pseudo_collate'],
            'inputs must have shape (B, R, T, H, W, C)',
            'default_collate',
        ),
        (
            ['train_dataloader.dataset.num_classes=2', 'train_dataloader.dataset.classes=None'],
            'train.csv:3',
            '2',
        ),
        (['train_dataloader.dataset.num_classes=4'], '3 class names', 'set num_classes=3'),
        (['train_dataloader.dataset.classes=nowhere.txt'], 'nowhere.txt', 'class'),
        (
            [
                'train_dataloader.dataset.mirrorable=False',
                'train_dataloader.dataset.pipeline.augment.transforms.flip.prob=0.5',
            ],
            'ClipFlip',
            'mirrorable',
        ),
        (['model.backbone.num_frames=5'], '5 frames', 'cubes of 2 frames'),
        (['model.backbone.img_size=36'], '36x36', '8x8'),
        (
            ['train_dataloader.dataset.pipeline.augment.transforms.crop.size=36'],
            '36x36 pixels do not divide',
            '8x8',
        ),
    ],
    ids=[
        'class count',
        'class count of mixed labels',
        'no labels',
        'clips that are not stacked',
        'label out of range',
        'class names of another count',
        'missing class names',
        'mirrored although left and right are classes',
        'frames of half a tubelet',
        'resolution of half a patch',
        'crops of half a patch',
    ],
)
def test_one_line_with_the_cure(train: Call, options: list[str], problem: str, cure: str) -> None:
    said = train(*options)
    assert isinstance(said, str) and said.startswith('train.py: ')
    assert '\n' not in said
    assert problem in said and cure in said


def test_weights_of_another_architecture(train: Call, tmp_path: Path) -> None:
    other = tiny_recognizer(num_classes=3)
    other['backbone']['arch'] = {'embed_dims': 48, 'depth': 2, 'num_heads': 2}
    other['cls_head']['in_channels'] = 48
    with DefaultScope.overwrite_default_scope('mmvideomae'):
        torch.save({'state_dict': MODELS.build(other).state_dict()}, tmp_path / 'other.pth')
    said = train(f'load_from={tmp_path / "other.pth"}')
    assert isinstance(said, str) and said.startswith('train.py: ') and '\n' not in said
    assert 'other.pth' in said and '48' in said and '32' in said
