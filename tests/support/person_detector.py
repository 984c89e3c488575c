"""A tiny mmdet detector for tests, demos and docs."""

import os
from pathlib import Path
from typing import Any

import torch
from mmengine import Config
from mmengine.registry import DefaultScope
from torch import nn

CLASSES = ('car', 'person')


def tiny_person_config(classes: tuple[str, ...] = CLASSES) -> Config:
    """Config of a RetinaNet of mmdet for pictures of 64 pixels."""
    data: dict[str, Any] = {
        'type': 'CocoDataset',
        'metainfo': {'classes': classes},
        'pipeline': [
            {'type': 'LoadImageFromFile'},
            {'type': 'Resize', 'scale': (64, 64), 'keep_ratio': True},
            {
                'type': 'PackDetInputs',
                'meta_keys': ('img_id', 'ori_shape', 'img_shape', 'scale_factor'),
            },
        ],
    }
    head = {
        'type': 'RetinaHead',
        'num_classes': len(classes),
        'in_channels': 8,
        'stacked_convs': 1,
        'feat_channels': 8,
        'anchor_generator': {
            'type': 'AnchorGenerator',
            'octave_base_scale': 4,
            'scales_per_octave': 1,
            'ratios': [1.0],
            'strides': [8, 16, 32],
        },
        'bbox_coder': {'type': 'DeltaXYWHBBoxCoder'},
    }
    model = {
        'type': 'RetinaNet',
        'data_preprocessor': {
            'type': 'DetDataPreprocessor',
            'mean': [123.675, 116.28, 103.53],
            'std': [58.395, 57.12, 57.375],
            'bgr_to_rgb': True,
            'pad_size_divisor': 32,
        },
        'backbone': {'type': 'ResNet', 'depth': 18, 'base_channels': 8, 'out_indices': (1, 2, 3)},
        'neck': {'type': 'FPN', 'in_channels': [16, 32, 64], 'out_channels': 8, 'num_outs': 3},
        'bbox_head': head,
        'test_cfg': {
            'nms_pre': 100,
            'min_bbox_size': 0,
            'score_thr': 0.0,
            'nms': {'type': 'nms', 'iou_threshold': 0.5},
            'max_per_img': 20,
        },
    }
    return Config({'default_scope': 'mmdet', 'model': model, 'test_dataloader': {'dataset': data}})


def write_person_detector(
    folder: str | os.PathLike[str], classes: tuple[str, ...] = CLASSES
) -> tuple[Path, Path]:
    """Write ``people.py`` and ``people.pth``, random weights that find boxes of all classes."""
    from mmdet.registry import MODELS  # part of the detection level only

    config, weights = Path(folder) / 'people.py', Path(folder) / 'people.pth'
    cfg = tiny_person_config(classes)
    cfg.dump(config)
    torch.manual_seed(0)
    with DefaultScope.overwrite_default_scope('mmdet'):
        model = MODELS.build(cfg.model)
    nn.init.normal_(model.bbox_head.retina_cls.weight, std=0.5)
    meta = {'dataset_meta': {'classes': classes}}
    torch.save({'state_dict': model.state_dict(), 'meta': meta}, weights)
    return config, weights
