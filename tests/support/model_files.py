"""Configs and weights of tiny models of every task, and videos, in one folder."""

from pathlib import Path
from typing import Any

import torch
from mmengine import Config

from mmvideomae.apis import init_model
from tests.support.detectors import tiny_detector_config
from tests.support.localizers import end_to_end_leaf, end_to_end_model
from tests.support.models import tiny_recognizer, tiny_videomae
from tests.support.pretraining import tiny_pretrain_config
from tests.support.videos import moving_shapes, write_video

NAMES = ['run', 'eat [big] cake', 'sleep']
CLIPS = [
    {'type': 'OpenVideo'},
    {'type': 'SampleDenseClips', 'clip_len': 4, 'stride': 2, 'test_mode': True},
    {'type': 'ReadFrames'},
    {'type': 'CropViews', 'size': 32, 'num_crops': 3},
    {'type': 'PackClips'},
]
BOXES = [
    {'type': 'OpenVideo'},
    {'type': 'SampleKeyFrameClip', 'clip_len': 4, 'stride': 2},
    {'type': 'ReadFrames'},
    {'type': 'ClipResizeShortSide', 'short_side': 48},
    {'type': 'PackActionBoxes'},
]


def tested(model: dict[str, Any], pipeline: list[dict[str, Any]], **more: Any) -> Config:
    """A config of a model with the pipeline and the class names of its test."""
    dataset = {'pipeline': pipeline, 'classes': NAMES}
    loader = {'collate_fn': {'type': 'default_collate'}, 'dataset': dataset}
    return Config(
        {'default_scope': 'mmvideomae', 'model': model, 'test_dataloader': loader, **more}
    )


def write_model_files(folder: Path, detection: bool = False) -> dict[str, list[str]]:
    """Write NAME.py and NAME.pth of models, and videos; return both paths of each model.

    Args:
        detection: Also a detector, which needs mmdet.
    """
    torch.manual_seed(0)
    settings = {'preset': 'videomaev2_thumos14', 'window': 4, 'stride': 2, 'size': 32}
    configs = {
        'classify': tested(tiny_recognizer(3), CLIPS),
        'reconstruct': tiny_pretrain_config('videos', 'work', tiny_videomae()),
        'search': Config({'model': tiny_recognizer(), 'features': settings}),
    }
    if detection:
        configs['detect'] = tested(tiny_detector_config(3), BOXES)
    found = {}
    leaf = end_to_end_leaf()
    models = {name: init_model(cfg, device='cpu') for name, cfg in configs.items()}
    models['localize'] = end_to_end_model(leaf)
    for name, cfg in {**configs, 'localize': leaf}.items():
        found[name] = [str(folder / f'{name}.py'), str(folder / f'{name}.pth')]
        cfg.dump(found[name][0])
        torch.save({'state_dict': models[name].state_dict()}, found[name][1])
    for seed, name in enumerate(('[a] b', 'c', 'd')):
        write_video(folder / f'videos/{name}.mp4', moving_shapes(40, 48, 64, seed=seed), fps=10)
    write_video(folder / 'videos/e.avi', moving_shapes(40, 48, 64, seed=9), fps=10, codec='mpeg4')
    return found
