"""Tiny model configurations for tests, demos and docs: clips of 4 frames of 32x32 pixels."""

from typing import Any

GRID = (2, 4, 4)
"""Token grid of the tiny models: tubelets of 2 frames and patches of 8 pixels."""


def tiny_vit(out_type: str = 'tokens', drop_path_rate: float = 0.0) -> dict[str, Any]:
    """Config of a two-block ``VideoMAEViT`` of width 32 for 4x32x32 clips."""
    return {
        'type': 'VideoMAEViT',
        'arch': {'embed_dims': 32, 'depth': 2, 'num_heads': 2},
        'img_size': 32,
        'patch_size': 8,
        'num_frames': 4,
        'drop_path_rate': drop_path_rate,
        'out_type': out_type,
    }


def tiny_recognizer(num_classes: int = 4, max_testing_views: int | None = None) -> dict[str, Any]:
    """Config of a ``Recognizer3D`` around ``tiny_vit``."""
    return {
        'type': 'Recognizer3D',
        'backbone': tiny_vit(out_type='avg'),
        'cls_head': {'type': 'LinearHead', 'num_classes': num_classes, 'in_channels': 32},
        'data_preprocessor': {'type': 'ClassificationDataPreprocessor'},
        'test_cfg': {'max_testing_views': max_testing_views},
    }


def tiny_videomae(
    target: str = 'clip',
    loss_on: str = 'invisible',
    loss: str = 'mse',
    normalise: str = 'per_channel',
    drop_path_rate: float = 0.0,
) -> dict[str, Any]:
    """Config of a ``VideoMAE`` pretrainer around ``tiny_vit``."""
    return {
        'type': 'VideoMAE',
        'backbone': tiny_vit(drop_path_rate=drop_path_rate),
        'neck': {
            'type': 'MAEDecoder',
            'in_dims': 32,
            'embed_dims': 16,
            'depth': 2,
            'num_heads': 2,
            'grid_size': GRID,
        },
        'head': {
            'type': 'PixelReconstructionHead',
            'in_dims': 16,
            'patch_size': 8,
            'frames_per_token': {'clip': 2, 'centre': 1, 'dense': 4}[target],
            'loss': loss,
            'normalise': normalise,
        },
        'target': target,
        'loss_on': loss_on,
        'data_preprocessor': {'type': 'VideoMAEDataPreprocessor'},
    }
