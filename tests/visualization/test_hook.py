"""Contract: the hook logs the same clip every time, and does not affect training."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from mmengine.runner import Runner
from PIL import Image

from mmvideomae.registry import HOOKS
from mmvideomae.visualization import ReconstructionVisHook
from tests.support.pretraining import tiny_pretrain_config
from tests.support.videos import moving_shapes, write_video


@pytest.fixture(scope='module')
def videos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp('videos')
    for number in range(4):
        write_video(folder / f'{number}.mp4', moving_shapes(12, 48, 64, seed=number))
    return folder


def _train(
    videos: Path, work_dir: Path, hook: dict[str, Any] | None, decoder: bool = False
) -> Runner:
    cfg = tiny_pretrain_config(
        videos,
        work_dir,
        decoder_mask={'type': 'RunningCellMask', 'ratio': 0.5} if decoder else None,
        max_epochs=3,
    )
    cfg.custom_hooks = [hook] if hook else []
    cfg.randomness = {'seed': 3}
    cfg.experiment_name = work_dir.name
    cfg.visualizer = {'type': 'Visualizer', 'vis_backends': [{'type': 'LocalVisBackend'}]}
    runner = Runner.from_cfg(cfg)
    runner.train()
    return runner


def _pictures(work_dir: Path) -> dict[str, np.ndarray]:
    return {path.name: np.asarray(Image.open(path)) for path in work_dir.rglob('*.png')}


@pytest.mark.parametrize('decoder', [False, True])
def test_pictures_of_one_clip_and_an_undisturbed_training(
    videos: Path, tmp_path: Path, decoder: bool
) -> None:
    hook = {'type': 'ReconstructionVisHook', 'interval': 2, 'num_frames': 2}
    plain = _train(videos, tmp_path / f'plain{decoder}', None, decoder)
    watched = _train(videos, tmp_path / f'watched{decoder}', hook, decoder)
    for name, weights in plain.model.state_dict().items():
        assert torch.equal(weights, watched.model.state_dict()[name]), name
    pictures = _pictures(tmp_path / f'watched{decoder}')
    assert set(pictures) == {'reconstruction_2.png', 'reconstruction_3.png'}
    early, late = pictures.values()
    same = (early == late).all(-1)
    original_row = slice(80, 200)
    assert same[original_row].all()  # the original and its place stay
    assert not same.all()  # the reconstruction changes


def test_pictures_by_iteration(videos: Path, tmp_path: Path) -> None:
    hook = {'type': 'ReconstructionVisHook', 'interval': 4, 'by_epoch': False}
    _train(videos, tmp_path / 'iterations', hook)
    assert set(_pictures(tmp_path / 'iterations')) == {'reconstruction_4.png'}


def test_random_states_are_left_alone() -> None:
    from mmvideomae.visualization.hook import own_randomness

    torch.manual_seed(0)
    np.random.seed(0)
    before = torch.get_rng_state(), np.random.get_state()[1].copy()
    with own_randomness(5):
        first = np.random.rand(), torch.rand(1).item()
    with own_randomness(5):
        assert (np.random.rand(), torch.rand(1).item()) == first
    assert torch.equal(torch.get_rng_state(), before[0])
    np.testing.assert_array_equal(np.random.get_state()[1], before[1])


def test_settings_are_checked() -> None:
    assert HOOKS.get('ReconstructionVisHook') is ReconstructionVisHook
    with pytest.raises(ValueError, match='interval 0'):
        ReconstructionVisHook(interval=0)
    with pytest.raises(ValueError, match="statistics 'x'"):
        ReconstructionVisHook(statistics='x')


def test_data_without_masks_is_refused() -> None:
    dataset = [{'inputs': torch.zeros(1, 4, 32, 32, 3)}]
    loader = SimpleNamespace(dataset=dataset)
    runner = SimpleNamespace(train_dataloader=loader, model=torch.nn.Identity())
    with pytest.raises(ValueError, match='encoder_mask'):
        ReconstructionVisHook().before_train(runner)


def test_a_model_without_reconstructions_is_logged_if_they_are_optional() -> None:
    told: list[str] = []
    model = torch.nn.Linear(2, 2)
    runner: Any = SimpleNamespace(model=model, logger=SimpleNamespace(info=told.append))
    hook = ReconstructionVisHook(optional=True)
    hook.before_train(runner)
    hook.after_train_epoch(SimpleNamespace(model=model, epoch=0, max_epochs=1))
    assert told == ['no reconstructions are drawn: this model has none']
