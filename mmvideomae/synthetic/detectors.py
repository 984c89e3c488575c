"""Tiny detectors of actions in space and time for tests, demos and docs: clips of 4x32x32."""

from typing import Any

import torch
from mmaction.structures import ActionDataSample
from mmengine.config import ConfigDict
from mmengine.registry import DefaultScope
from mmengine.structures import InstanceData
from torch import nn

from mmvideomae.registry import MODELS
from tests.support.models import tiny_vit


def tiny_roi_head(num_classes: int = 4) -> dict[str, Any]:
    """Config of an ``ActionRoIHead`` for the feature maps of ``tiny_vit``."""
    return {
        'type': 'ActionRoIHead',
        'bbox_roi_extractor': {'type': 'ActionRoIAlign', 'output_size': 3, 'stride': 8},
        'bbox_head': {
            'type': 'ActionBoxHead',
            'num_classes': num_classes,
            'in_channels': 32,
            'init_scale': 1.0,
        },
    }


def tiny_detector_config(num_classes: int = 4, drop_path_rate: float = 0.0) -> ConfigDict:
    """Config of mmdet's ``FastRCNN`` around ``tiny_vit``; its rates are those of AVA."""
    return ConfigDict(
        type='mmdet.FastRCNN',
        backbone=tiny_vit('featmap', drop_path_rate),
        roi_head=tiny_roi_head(num_classes),
        data_preprocessor={'type': 'ActionBoxDataPreprocessor', 'pad_divisor': 8},
        train_cfg={'rcnn': {'max_boxes': 100, 'jitter': (0.2, 0.1, 0.1, 0.05)}},
        test_cfg={'rcnn': {'extend': (0.1, 0.05), 'multiply_box_score': True}},
    )


def tiny_detector(num_classes: int = 4, changes: dict[str, Any] | None = None) -> nn.Module:
    """A detector of `tiny_detector_config`, with random weights.

    Args:
        changes: Entries that replace those of the config, nested as it.
    """
    cfg = tiny_detector_config(num_classes)
    with DefaultScope.overwrite_default_scope('mmvideomae'):
        return MODELS.build(_merged(cfg, changes or {}))


def _merged(cfg: ConfigDict, changes: dict[str, Any]) -> ConfigDict:
    for name, value in changes.items():
        nested = isinstance(value, dict) and isinstance(cfg.get(name), dict)
        cfg[name] = _merged(cfg[name], value) if nested else value
    return cfg


def box_batch(
    counts: tuple[int, ...] = (2, 1),
    size: tuple[int, int] = (32, 32),
    num_classes: int = 4,
    seed: int = 0,
    frames: int = 4,
) -> dict[str, Any]:
    """What the loader gives a detector: random clips, of as many boxes each as ``counts``.

    Every sample has true boxes with labels, and the same boxes as proposals with scores.
    """
    generator = torch.Generator().manual_seed(seed)
    height, width = size
    inputs, samples = [], []
    for row, count in enumerate(counts):
        shape = (1, frames, height, width, 3)
        inputs.append(torch.randint(256, shape, generator=generator, dtype=torch.uint8))
        corners = torch.rand(2, count, 2, generator=generator).sort(0).values
        boxes = torch.cat([*corners], 1) * torch.tensor([width, height, width, height])
        labels = torch.rand(count, num_classes, generator=generator).gt(0.5).float()
        sample = ActionDataSample(
            metainfo={
                'video_id': f'video{row}',
                'second': 902.0 + row,
                'img_shape': size,
                'original_shape': size,
                'crop': (0.0, 0.0, 1.0, 1.0),
                'flip': False,
            }
        )
        sample.gt_instances = InstanceData(bboxes=boxes, labels=labels)
        scores = torch.rand(count, generator=generator)
        sample.proposals = InstanceData(bboxes=boxes.clone(), scores=scores)
        samples.append(sample)
    return {'inputs': inputs, 'data_samples': samples}
