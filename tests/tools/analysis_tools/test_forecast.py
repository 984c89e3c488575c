"""forecast.py: a training's needs follow from its first seconds, and nothing is kept of them."""

import os
from pathlib import Path
from typing import Any

import pytest

from mmvideomae.analysis.training_forecast import Forecast, forecast
from mmvideomae.cli.work.forecast import forecast_text
from tests.support.pretraining import tiny_pretrain_config
from tests.support.tools import CallTool
from tests.support.videos import moving_shapes, write_video

SOUND: dict[str, Any] = dict(
    iterations=3600,
    clips=32,
    seconds=2.0,
    waiting=0.05,
    loading=0.1,
    memory=(2**30, 2**29),
    device_memory=0,
    data=0,
    checkpoint=10**9,
    checkpoints=3,
)


def test_what_follows_from_what_was_measured() -> None:
    found = Forecast(**SOUND)
    assert (found.hours, found.limit) == (2, 'model')
    # 16 clips a second and a little more, at a tenth of a second each.
    assert found.cores == pytest.approx(1.6 / 0.95)
    assert Forecast(**{**SOUND, 'waiting': 0.5}).limit == 'loader'
    assert Forecast(**{**SOUND, 'waiting': 0.5}).cores == pytest.approx(3.2)
    text = forecast_text(found)
    assert '2.00 h for 3600 iterations of 2.000 s (16.0 clips/s)' in text


@pytest.mark.parametrize('workers', [0, 1])
def test_a_training(workers: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    sound = write_video(tmp_path / 'videos' / 'a.mp4', moving_shapes(12))
    for number in range(7):
        os.link(sound, tmp_path / 'videos' / f'{number}.mp4')
    config = tiny_pretrain_config(tmp_path / 'videos', tmp_path / 'run', max_epochs=10_000)
    config.train_dataloader.num_workers = workers
    config.default_hooks = dict(checkpoint=dict(interval=100, max_keep_ckpts=3))
    found = forecast(config, 1.5)
    assert (found.iterations, found.clips, found.checkpoints) == (40_000, 2, 3)
    assert 0 < found.seconds < 1.5 and 0 <= found.waiting <= 1
    assert found.data == 8 * sound.stat().st_size
    # Weights, and two averages of AdamW for each.
    assert 3 * 50_000 < found.checkpoint < 10**8
    # Other tests may have left processes.
    assert (found.loading > 0 and found.memory[1] > 0) or not workers
    assert not (tmp_path / 'run').exists() and not (tmp_path / 'work_dirs').exists()
    config.train_cfg.max_epochs = 1
    with pytest.raises(ValueError, match='ended within 60 seconds'):
        forecast(config, 60)


def test_what_is_no_training_is_refused(call_tool: CallTool, tmp_path: Path) -> None:
    (tmp_path / 'a.py').write_text('model = dict(type="A")\n')
    done = call_tool('analysis_tools/forecast.py', tmp_path / 'a.py')
    assert 'does not describe a training' in done.err and done.code != 0
