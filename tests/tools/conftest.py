"""Synthetic videos and config files for the tests of command lines."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from mmengine.config import Config

from tests.support.models import tiny_videomae
from tests.support.videos import moving_shapes, write_video

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope='session')
def video_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight small H.264 videos."""
    folder = tmp_path_factory.mktemp('videos')
    for seed in range(8):
        write_video(folder / f'clip {seed}.mp4', moving_shapes(12, 48, 64, seed=seed))
    return folder


@pytest.fixture
def pretrain_config(tmp_path: Path, video_folder: Path) -> Callable[..., Path]:
    """Write the config of a tiny pre-training on the videos, with overrides; return its path."""

    def write(name: str = 'tiny.py', **overrides: Any) -> Path:
        bases = ROOT / 'configs' / '_base_'
        cfg = Config.fromfile(bases / 'default_runtime.py')
        cfg.merge_from_dict(Config.fromfile(bases / 'schedules/adamw_pretrain.py').to_dict())
        masks = {
            'type': 'GenerateMasks',
            'grid_size': (2, 4, 4),
            'encoder': {'type': 'TubeMask', 'ratio': 0.75},
        }
        pipeline = [
            {'type': 'OpenVideo', 'backend': 'auto'},
            {'type': 'SampleClip', 'clip_len': 4, 'stride': 2},
            {'type': 'ReadFrames'},
            {
                'type': 'RepeatAugment',
                'num_repeats': 2,
                'transforms': [{'type': 'ClipMultiScaleCrop', 'size': 32}, masks],
            },
            {'type': 'PackClips'},
        ]
        cfg.merge_from_dict(
            {
                'model': tiny_videomae(),
                'train_dataloader': {
                    'batch_size': 2,
                    'num_workers': 1,
                    'persistent_workers': True,
                    'drop_last': True,
                    'sampler': {'type': 'EpochSampler', 'shuffle': True},
                    'collate_fn': {'type': 'default_collate'},
                    'dataset': {
                        'type': 'VideoListDataset',
                        'sources': [{'folder': str(video_folder)}],
                        'pipeline': pipeline,
                    },
                },
                'train_cfg': {'max_epochs': 2},
                'param_scheduler': {'warmup': 1},
                'default_hooks': {'logger': {'interval': 1}},
                # mmengine gives runs of one name that begin within a second one log between them.
                'experiment_name': tmp_path.name,
            }
        )
        cfg.merge_from_dict(overrides)
        path = tmp_path / name
        cfg.dump(path)
        return path

    return write


@pytest.fixture
def environ() -> dict[str, str]:
    """Environment of a tool: one thread, this python, the package of this checkout."""
    return {
        **os.environ,
        'OMP_NUM_THREADS': '1',
        'PYTHON': sys.executable,
        'PYTHONPATH': str(ROOT),
        'PYTHONUNBUFFERED': '1',
    }


@pytest.fixture
def run_tool(environ: dict[str, str], tmp_path: Path) -> Callable[..., subprocess.CompletedProcess]:
    """Run tools/NAME with arguments in an unrelated folder; capture what it prints."""

    def run(name: str, *arguments: object, timeout: float = 240) -> subprocess.CompletedProcess:
        program = sys.executable if name.endswith('.py') else 'bash'
        return subprocess.run(
            [program, str(ROOT / 'tools' / name), *map(str, arguments)],
            cwd=tmp_path,
            env=environ,
            text=True,
            capture_output=True,
            timeout=timeout,
            check=False,
        )

    return run
