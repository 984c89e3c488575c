"""A complete small pre-training: config of a tiny model on a folder of videos."""

from pathlib import Path
from typing import Any

from mmengine import Config

from tests.support.models import GRID, tiny_videomae


def tiny_pretrain_config(
    videos: str | Path,
    work_dir: str | Path,
    model: dict[str, Any] | None = None,
    decoder_mask: dict[str, Any] | None = None,
    max_epochs: int = 1,
) -> Config:
    """Config that pre-trains ``tiny_videomae`` on clips of 4 frames of 32x32 pixels.

    Args:
        videos: Folder of videos.
        model: Another model config; clips get 8 frames if its target is 'dense'.
        decoder_mask: Config of a mask generator for dual masking.
    """
    model = model or tiny_videomae()
    dense = model['target'] == 'dense'
    pipeline = [
        {'type': 'OpenVideo'},
        {'type': 'SampleClip', 'clip_len': 8 if dense else 4, 'stride': 1 if dense else 2},
        {'type': 'ReadFrames'},
        {
            'type': 'RepeatAugment',
            'num_repeats': 1,
            'transforms': [
                {'type': 'ClipMultiScaleCrop', 'size': 32},
                {
                    'type': 'GenerateMasks',
                    'grid_size': GRID,
                    'encoder': {'type': 'TubeMask', 'ratio': 0.75},
                    'decoder': decoder_mask,
                },
            ],
        },
        {'type': 'PackClips'},
    ]
    return Config(
        {
            'default_scope': 'mmvideomae',
            'model': model,
            'train_dataloader': {
                'batch_size': 2,
                'num_workers': 0,
                'drop_last': True,
                'sampler': {'type': 'EpochSampler', 'shuffle': True},
                'collate_fn': {'type': 'default_collate'},
                'dataset': {
                    'type': 'VideoListDataset',
                    'sources': [{'folder': str(videos)}],
                    'pipeline': pipeline,
                },
            },
            'optim_wrapper': {'optimizer': {'type': 'AdamW', 'lr': 1e-3}},
            'train_cfg': {'type': 'EpochTrainLoop', 'max_epochs': max_epochs},
            'work_dir': str(work_dir),
        }
    )
