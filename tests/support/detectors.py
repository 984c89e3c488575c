"""Tiny spatio-temporal action detectors for tests: clips of 4x32x32."""

from typing import Any

from mmengine.config import ConfigDict
from mmengine.registry import DefaultScope
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
