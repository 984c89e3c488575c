"""Tiny temporal detectors for tests, demos and docs."""

from typing import Any


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
