"""Contract: a run learns the same from an object store as from files, and outlasts its outages."""

from pathlib import Path

import fsspec
import pytest
import torch
from mmengine import Config
from mmengine.runner import Runner

from mmvideomae.analysis.servers import ObjectStore
from mmvideomae.checkpoints import load_state_dict
from tests.support.pretraining import tiny_pretrain_config
from tests.support.videos import moving_shapes, write_video


@pytest.fixture(scope='module')
def videos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp('videos')
    for number in range(6):
        write_video(folder / f'{number}.mp4', moving_shapes(12 + number, 48, 64))
    return folder


def config(source: str, work_dir: Path, epochs: int = 2) -> Config:
    cfg = tiny_pretrain_config(source, work_dir, max_epochs=epochs)
    cfg.randomness = {'seed': 3, 'deterministic': True}
    cfg.experiment_name = work_dir.name
    return cfg


def weights_after(cfg: Config) -> dict[str, torch.Tensor]:
    runner = Runner.from_cfg(cfg)
    runner.train()
    return runner.model.state_dict()


def assert_equal(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> None:
    assert one.keys() == other.keys()
    assert all(torch.equal(one[key], other[key]) for key in one)


def test_weights_are_those_of_local_files_though_the_server_fails_and_stops(
    videos: Path, tmp_path: Path, s3: ObjectStore
) -> None:
    system = fsspec.filesystem('s3', skip_instance_cache=True)
    for video in videos.iterdir():
        system.pipe_file(f'videos/{video.name}', video.read_bytes())
    wanted = weights_after(config(str(videos), tmp_path / 'local'))
    cfg = config('s3://videos', tmp_path / 's3')
    cfg.train_dataloader.num_workers = 2
    s3.reset()
    s3.failures = [503, 500, 503]
    s3.outage = (6, 1.0)
    assert_equal(weights_after(cfg), wanted)
    assert s3.outage is None


def test_checkpoints_lie_in_the_store_and_a_run_goes_on_from_there(
    videos: Path, tmp_path: Path, s3: ObjectStore
) -> None:
    hook = {
        'type': 'AtomicCheckpointHook',
        'interval': 1,
        'out_dir': 's3://videos/runs',
        'max_keep_ckpts': 2,
    }
    wanted = weights_after(config(str(videos), tmp_path / 'whole', epochs=3))
    for epochs in (1, 3):
        cfg = config(str(videos), tmp_path / 'run', epochs)
        cfg.default_hooks = {'checkpoint': hook}
        cfg.resume = epochs > 1
        found = weights_after(cfg)
    assert_equal(found, wanted)
    written = fsspec.filesystem('s3', skip_instance_cache=True).find('videos/runs')
    assert [Path(path).name for path in written] == ['epoch_2.pth', 'epoch_3.pth']
    assert_equal(load_state_dict('s3://videos/runs/run/epoch_3.pth'), found)
