"""Tiny temporal detectors for tests, demos and docs."""

from typing import Any

import torch
from mmengine.config import Config
from torch import nn

from mmvideomae.apis import init_model
from tests.support.models import tiny_vit


def tiny_action_former(
    in_channels: int = 12, num_classes: int = 3, max_seq_len: int = 64, window: int = 5
) -> dict[str, Any]:
    """Config of an ``ActionFormer`` of width 32 and three levels."""
    width, levels = 32, 3
    return {
        'type': 'ActionFormer',
        'backbone': {
            'type': 'ActionFormerBackbone',
            'in_channels': in_channels,
            'embed_dims': width,
            'num_heads': 2,
            'arch': (2, 1, levels - 1),
            'windows': window,
            'max_seq_len': max_seq_len,
        },
        'neck': {'type': 'IdentityFPN', 'in_channels': width, 'num_levels': levels},
        'cls_head': {
            'type': 'ActionFormerClsHead',
            'num_classes': num_classes,
            'in_channels': width,
            'hidden_channels': width,
        },
        'reg_head': {
            'type': 'ActionFormerRegHead',
            'in_channels': width,
            'hidden_channels': width,
            'num_levels': levels,
        },
        'regression_ranges': [(0, 8), (8, 16), (16, 10000)],
        'data_preprocessor': {'type': 'FeatureDataPreprocessor', 'max_seq_len': max_seq_len},
    }


def tiny_tri_det(num_classes: int = 3) -> dict[str, Any]:
    """Config of a TriDet of the same sizes."""
    config = tiny_action_former()
    reg_head = {**config['reg_head'], 'type': 'TridentRegHead', 'num_classes': num_classes}
    return {
        **config,
        'backbone': _convolutions('TriDetBackbone', config['backbone']),
        'reg_head': reg_head,
        'loss': {'type': 'TridentLoss', 'init_normaliser': 10},
    }


def tiny_dy_fa_det() -> dict[str, Any]:
    """Config of a DyFADet of the same sizes."""
    config = tiny_action_former()
    config['backbone'] = _convolutions('DyFADetBackbone', config['backbone'])
    for part in ('cls_head', 'reg_head'):
        config[part]['type'] = config[part]['type'].replace('ActionFormer', 'DyFADet')
    return config


def _convolutions(kind: str, backbone: dict[str, Any]) -> dict[str, Any]:
    kept = {key: value for key, value in backbone.items() if key != 'num_heads'}
    return {**kept, 'type': kind, 'windows': (1, 1), 'hidden_channels': 48}


def tiny_end_to_end(
    frames: int = 32, side: int = 16, frames_per_step: int = 1, **changes: Any
) -> dict[str, Any]:
    """Config of an ``EndToEndLocalizer`` with adapters, for windows of 4-frame clips."""
    backbone = {**tiny_vit('avg'), 'img_size': side, 'peft': {'type': 'TIA'}}
    backbone.update(changes.pop('backbone', {}))
    return {
        'type': 'EndToEndLocalizer',
        'backbone': backbone,
        'detector': tiny_action_former(in_channels=32, max_seq_len=64, window=1),
        'data_preprocessor': {
            'type': 'WindowDataPreprocessor',
            'num_frames': frames,
            'frames_per_step': frames_per_step,
        },
        'clip_len': 4,
        **changes,
    }


def end_to_end_leaf(
    windows: dict[str, Any] | None = None, merge: dict[str, Any] | None = None, **changes: Any
) -> Config:
    """`tiny_end_to_end` with what its test says of windows and classes."""
    pipeline = [
        {'type': 'OpenVideo'},
        {'type': 'SampleWindow'},
        {'type': 'ReadFrames', 'short_side': 20},
        {'type': 'CropViews', 'size': 16},
        {'type': 'PackWindow'},
    ]
    dataset = {
        'windows': {'frames': 32, 'stride': 2, **(windows or {})},
        'pipeline': pipeline,
        'classes': ['run', 'eat [big] cake', 'sleep'],
    }
    return Config(
        {
            'model': tiny_end_to_end(**changes),
            'test_dataloader': {'dataset': dataset},
            'test_evaluator': {'type': 'SegmentMAP', 'merge': merge or {'method': 'gaussian'}},
        }
    )


def end_to_end_model(cfg: Config) -> nn.Module:
    """The model of a leaf, with segments that differ."""
    torch.manual_seed(1)
    model = init_model(cfg, device='cpu')
    with torch.no_grad():
        model.detector.cls_head.cls_head.conv.weight.normal_(std=0.5)
        model.detector.reg_head.offset_head.conv.weight.normal_(std=0.3)
    return model
