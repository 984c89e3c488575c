"""Contract: TensorBoard gets values, reconstructions, attention and embeddings by one option."""

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.runner import Runner

from mmvideomae.configs import ConfigError
from mmvideomae.engine.run_config import VIEWERS, log_to
from mmvideomae.visualization.projector import log_embeddings
from tests.support.models import tiny_recognizer
from tests.support.pretraining import tiny_pretrain_config
from tests.support.videos import moving_shapes, write_video

accumulator = pytest.importorskip('tensorboard.backend.event_processing.event_accumulator')


@pytest.fixture(scope='module')
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pre-training that logged to TensorBoard."""
    folder = tmp_path_factory.mktemp('viewers')
    for number in range(4):
        frames = moving_shapes(12, 48, 64, seed=number)
        write_video(folder / f'videos/{number}.mp4', frames)
    (folder / 'list.csv').write_text(''.join(f'{n}.mp4 {n // 2}\n' for n in range(4)))
    pipeline = [
        {'type': 'OpenVideo'},
        {'type': 'SampleClip', 'clip_len': 4, 'stride': 2, 'test_mode': True},
        {'type': 'ReadFrames'},
        {'type': 'CropViews', 'size': 32},
        {'type': 'PackClips'},
    ]
    source = {'ann_file': f'{folder}/list.csv', 'data_prefix': f'{folder}/videos'}
    dataset = {'type': 'VideoListDataset', 'sources': [source], 'pipeline': pipeline}
    dataset['classes'] = ['run', 'sit']
    cfg = tiny_pretrain_config(folder / 'videos', folder / 'work')
    cfg.custom_hooks = [
        {'type': 'EncoderMonitorHook', 'neighbours': 1, 'samples': 4, 'dataset': dataset}
    ]
    cfg.experiment_name = 'viewers'
    log_to(cfg, ['tensorboard'])
    runner = Runner.from_cfg(cfg)
    runner.train()
    runner.visualizer.close()
    return folder / 'work'


def test_values_and_pictures_are_in_the_event_file(folder: Path) -> None:
    (file,) = folder.glob('*/vis_data/events.out.tfevents.*')
    events = accumulator.EventAccumulator(str(file))
    events.Reload()
    tags = events.Tags()
    assert {'reconstruction', 'attention'} <= set(tags['images'])
    assert {'loss', 'monitor/knn'} <= set(tags['scalars'])
    (picture, *_) = events.Images('attention')
    assert picture.step == 1 and picture.height > 200
    assert list(folder.glob('*/vis_data/scalars.json'))  # as without the option


def test_embeddings_are_in_the_projector(folder: Path) -> None:
    (config,) = folder.glob('*/vis_data/projector_config.pbtxt')
    assert config.read_text().count('tensor_name: "encoder:') == 2  # before and after
    (labels, _) = sorted(config.parent.glob('*/encoder/metadata.tsv'))
    assert labels.read_text().split() == ['run', 'run', 'sit', 'sit']
    (rows, _) = sorted(config.parent.glob('*/encoder/tensors.tsv'))
    assert [len(row.split('\t')) for row in rows.read_text().splitlines()] == [32] * 4
    # The clips that it learns from need no labels.
    (names,) = config.parent.glob('*/clips/metadata.tsv')
    assert names.read_text().split() == ['0.mp4', '1.mp4', '2.mp4', '3.mp4']
    (own,) = config.parent.glob('*/clips/tensors.tsv')
    features = np.loadtxt(own)
    assert features.shape == (4, 32) and np.ptp(features, axis=0).any()


def test_the_option_keeps_a_config_s_own_backends_and_asks_for_packages(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    own = [{'type': 'LocalVisBackend'}, {'type': 'TensorboardVisBackend', 'save_dir': 'x'}]
    cfg = Config({'model': tiny_recognizer(), 'visualizer': {'type': 'V', 'vis_backends': own}})
    log_to(cfg, ['tensorboard'])
    assert cfg.visualizer.vis_backends == own and cfg.visualizer.type == 'V'
    assert cfg.default_hooks.pictures.optional
    monkeypatch.setitem(VIEWERS, 'wandb', ('WandbVisBackend', 'no_such_package'))
    with pytest.raises(ConfigError, match='--log-to wandb needs the package: pip install no_such'):
        log_to(cfg, ['wandb'])


def test_weights_and_biases_get_a_table(monkeypatch: pytest.MonkeyPatch) -> None:
    class WandbVisBackend:
        """Stands for mmengine's, whose ``experiment`` is the module."""

        experiment = SimpleNamespace(log=lambda content: logged.append(content))

    logged: list[Any] = []
    wandb = SimpleNamespace(Table=lambda columns, data: {'columns': columns, 'data': data})
    monkeypatch.setitem(sys.modules, 'wandb', wandb)
    visualizer: Any = SimpleNamespace(_vis_backends={'a': WandbVisBackend(), 'b': object()})
    log_embeddings(visualizer, 'clips', torch.eye(2), ['run', 'sit'], torch.zeros(2, 3, 8, 8), 7)
    (content,) = logged
    table = content['embeddings/clips']
    assert content['embedded_at/clips'] == 7 and table['columns'] == ['label', 'd0', 'd1']
    assert table['data'] == [['run', 1.0, 0.0], ['sit', 0.0, 1.0]]
