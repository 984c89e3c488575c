"""The config of a tiny classifier for probes, and its lists of videos."""

from pathlib import Path
from typing import Any

from mmengine import Config

from tests.support.models import tiny_recognizer

PIPELINE = {
    'open': {'type': 'OpenVideo'},
    'sample': {'type': 'SampleDenseClips', 'clip_len': 4, 'stride': 2, 'num_clips': 2,
               'test_mode': True},
    'read': {'type': 'ReadFrames'},
    'crop': {'type': 'CropViews', 'size': 32, 'num_crops': 3},
    'pack': {'type': 'PackClips'},
}  # fmt: skip


def probe_config(folder: Path, **more: Any) -> Config:
    """A classification config of the tiny recognizer for the lists in a folder."""

    def loader(name: str, **options: Any) -> dict[str, Any]:
        dataset = {
            'type': 'VideoListDataset',
            'sources': [{'ann_file': f'{folder}/{name}.csv', 'data_prefix': str(folder)}],
            'pipeline': PIPELINE,
            'labelled': True,
            **options,
        }
        return {
            'batch_size': 4,
            'num_workers': 0,
            'collate_fn': {'type': 'default_collate'},
            'dataset': dataset,
        }

    return Config({
        'default_scope': 'mmvideomae',
        'model': tiny_recognizer(3, max_testing_views=4),
        'train_dataloader': loader('train'),
        'test_dataloader': loader('test', test_mode=True),
        **more,
    })  # fmt: skip
