"""Stages run commands of the toolbox, keep their output, and fail loudly."""

import json
from pathlib import Path

import pytest

from mmvideomae.cli.experiment import (
    StageError,
    newest_checkpoint,
    read_scalars,
    run_stage,
    training_progress,
)


def test_a_stage_runs_in_the_folder_given_and_keeps_its_output(tmp_path: Path) -> None:
    script = tmp_path / 'tool one.py'
    script.write_text('import os, sys; print(os.getcwd(), sys.argv[1])')
    log = tmp_path / 'logs' / 'one.log'
    stage = run_stage('Trying', [script, 'two words'], log, tmp_path)
    assert log.read_text().strip() == f'{tmp_path} two words'
    assert stage.line == f"python '{script}' 'two words'"
    assert stage.what == 'Trying'
    assert stage.seconds > 0


def test_a_failing_stage_quotes_the_end_of_its_log(tmp_path: Path) -> None:
    script = tmp_path / 'bad.py'
    script.write_text('print("one\\n" * 50); raise SystemExit("no such thing")')
    with pytest.raises(StageError, match=r'(?s)Trying failed with status 1.*no such thing'):
        run_stage('Trying', [script], tmp_path / 'log', tmp_path)


def test_a_stage_that_takes_long_is_watched_and_ends_with_its_watcher(tmp_path: Path) -> None:
    script = tmp_path / 'slow.py'
    script.write_text('import time; time.sleep(60)')

    def watch() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_stage('Waiting', [script], tmp_path / 'log', tmp_path, watch)


def test_progress_is_that_of_the_last_line_that_tells_it(tmp_path: Path) -> None:
    log = tmp_path / 'train.log'
    log.write_text('10:00 - INFO - Checkpoints will be saved\n')
    assert training_progress(log, 30) is None
    line = (
        '10/30 07:41:43 - mmengine - INFO - Epoch(train) {epoch}[{done}/79]  base_lr: 1.0e-06 '
        'lr: 1.0e-06  eta: {eta}  time: 0.1192  data_time: 0.0097  grad_norm: 1.3870  loss: {loss}'
        '  loss_cls: 0.3274  memory: 981\n'
    )
    with log.open('a') as file:
        file.write(line.format(epoch=' [2]', done='50', eta='0:02:00', loss='0.0321'))
        file.write(line.format(epoch='[16]', done=' 0', eta='1 day, 0:01:00', loss='0.0256'))
        file.write('10:02 - INFO - Epoch(val) [16][40/40]  loss: 0.5\n')
    assert training_progress(log, 30) == '50%, loss 0.0256, 1 day, 0:01:00 left'


def test_scalars_are_those_of_the_newest_run(tmp_path: Path) -> None:
    for run, loss in (('20250101_000000', 1.0), ('20250102_000000', 0.5)):
        folder = tmp_path / run / 'vis_data'
        folder.mkdir(parents=True)
        (folder / 'scalars.json').write_text(json.dumps({'loss': loss, 'step': 1}) + '\n\n')
    assert read_scalars(tmp_path) == [{'loss': 0.5, 'step': 1}]
    with pytest.raises(FileNotFoundError, match='no run has logged'):
        read_scalars(tmp_path / '20250101_000000')


def test_newest_checkpoint_is_the_one_noted(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match='no checkpoint'):
        newest_checkpoint(tmp_path)
    (tmp_path / 'epoch_3.pth').touch()
    (tmp_path / 'last_checkpoint').write_text('epoch_3.pth')
    assert newest_checkpoint(tmp_path) == tmp_path / 'epoch_3.pth'
