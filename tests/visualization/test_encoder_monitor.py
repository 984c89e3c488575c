"""Contract: the monitor logs what the encoder knows, and training goes on unchanged."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from mmengine.runner import Runner

from mmvideomae.ops.feature_rank import effective_rank
from mmvideomae.visualization import EncoderMonitorHook
from mmvideomae.visualization.encoder_monitor import band, draw_monitor, earlier_runs
from tests.support.pretraining import tiny_pretrain_config
from tests.support.videos import moving_shapes, write_video


@pytest.fixture(scope='module')
def videos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four videos, and a list in which neighbours have the same label."""
    folder = tmp_path_factory.mktemp('videos')
    for number in range(4):
        write_video(folder / f'{number}.mp4', moving_shapes(12, 48, 64, seed=number // 2))
    (folder / 'list.csv').write_text(
        ''.join(f'{number}.mp4 {number // 2}\n' for number in range(4))
    )
    return folder


def monitor(videos: Path) -> dict[str, Any]:
    pipeline = [
        {'type': 'OpenVideo'},
        {'type': 'SampleClip', 'clip_len': 4, 'stride': 2, 'test_mode': True},
        {'type': 'ReadFrames'},
        {'type': 'CropViews', 'size': 32},
        {'type': 'PackClips'},
    ]
    source = {'ann_file': f'{videos}/list.csv', 'data_prefix': str(videos)}
    dataset = {'type': 'VideoListDataset', 'sources': [source], 'pipeline': pipeline}
    return {
        'type': 'EncoderMonitorHook',
        'interval': 2,
        'neighbours': 1,
        'batch_size': 3,
        'dataset': dataset,
    }


def train(videos: Path, work_dir: Path, hooks: list[dict[str, Any]]) -> Runner:
    cfg = tiny_pretrain_config(videos, work_dir, max_epochs=3)
    cfg.custom_hooks, cfg.randomness = hooks, {'seed': 3}
    cfg.experiment_name = work_dir.name
    cfg.visualizer = {'type': 'Visualizer', 'vis_backends': [{'type': 'LocalVisBackend'}]}
    runner = Runner.from_cfg(cfg)
    runner.train()
    return runner


def test_values_are_logged_and_training_is_not_disturbed(videos: Path, tmp_path: Path) -> None:
    plain = train(videos, tmp_path / 'plain_monitor', [])
    watched = train(videos, tmp_path / 'watched_monitor', [monitor(videos)])
    for name, weights in plain.model.state_dict().items():
        assert torch.equal(weights, watched.model.state_dict()[name]), name
    assert (tmp_path / 'watched_monitor' / 'monitor.png').is_file()
    (log,) = (tmp_path / 'watched_monitor').glob('*/vis_data/scalars.json')
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    found = {line['step']: line for line in lines if 'monitor/knn' in line}
    assert list(found) == [0, 2, 3]
    # Two videos of a class are equal, so each is the neighbour of the other.
    assert [each['monitor/knn'] for each in found.values()] == [1, 1, 1]
    (hook,) = (each for each in watched.hooks if isinstance(each, EncoderMonitorHook))
    watched.model.eval()
    with torch.no_grad():
        features, moving, labels, stills = hook._encode(watched.model)
    assert stills.shape == (4, 3, 48, 48) and 0 <= stills.min() < stills.max() <= 1
    assert labels.tolist() == [0, 0, 1, 1] and moving.shape == (4, 4, 32)
    assert found[3]['monitor/rank'] == pytest.approx(effective_rank(features), rel=1e-4)
    assert 1 < found[3]['monitor/rank'] < 2.01
    clips = torch.cat([hook._dataset[n]['inputs'] for n in range(4)]).permute(0, 4, 1, 2, 3)
    with torch.no_grad():
        tokens = watched.model.backbone(watched.model.data_preprocessor.normalise(clips))
    torch.testing.assert_close(features, tokens.mean(1))


def test_wrong_settings_are_refused(videos: Path) -> None:
    settings = monitor(videos)
    del settings['type']
    with pytest.raises(ValueError, match='samples=1'):
        EncoderMonitorHook(**{**settings, 'samples': 1})


def curve(*values: float, interval: int = 1) -> list[dict[str, float]]:
    keys = ('monitor/knn', 'monitor/rank', 'monitor/motion')
    return [{'step': n * interval} | dict.fromkeys(keys, v) for n, v in enumerate(values)]


def test_the_band_holds_runs_of_any_length_at_equal_shares_of_training() -> None:
    runs = [curve(0, 1, 0), curve(0.2, 0.4, interval=10)]
    low, high = band(runs, 'monitor/knn', np.array([0, 0.25, 0.5, 1]))
    np.testing.assert_allclose(low, [0, 0.25, 0.3, 0])
    np.testing.assert_allclose(high, [0.2, 0.5, 1, 0.4])


def test_earlier_runs_are_drawn_behind_this_one(tmp_path: Path) -> None:
    for number, run in enumerate((curve(0.1, 0.3), curve(0.1, 0.9))):
        lines = [{'loss': 1.0, 'step': 1}, *run]
        (tmp_path / f'{number}.json').write_text('\n'.join(json.dumps(line) for line in lines))
    earlier = earlier_runs(f'{tmp_path}/*.json')
    assert earlier == [curve(0.1, 0.3), curve(0.1, 0.9)]
    alone, with_band = (draw_monitor(curve(0.1, 0.5), each, 1) for each in ([], earlier))
    assert alone.shape == with_band.shape and (alone != with_band).any(-1).mean() > 0.05


def test_references_without_measurements_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match='no file matches'):
        earlier_runs(f'{tmp_path}/*.json')
    (tmp_path / 'scalars.json').write_text('{"loss": 1.0, "step": 1}\n')
    with pytest.raises(ValueError, match='has no measurements'):
        earlier_runs(f'{tmp_path}/*.json')
    (tmp_path / 'scalars.json').write_text('loss\n')
    with pytest.raises(ValueError, match=r'is not a scalars\.json'):
        earlier_runs(f'{tmp_path}/*.json')


@pytest.mark.parametrize('recipe', ['videomae', 'latent', 'mocov3'])
def test_references_of_the_demo_can_be_read(recipe: str) -> None:
    folder = Path('configs/demo/reference') / f'{recipe}_vit-tiny-p8_pretrain_motion'
    runs = earlier_runs(f'{folder}/*.json')
    assert len(runs) == 3 and len({len(run) for run in runs}) == 1
    assert all(0 <= value <= 1 for value in band(runs, 'monitor/knn', np.linspace(0, 1, 5))[1])
