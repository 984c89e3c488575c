"""Contract: tools/train.py trains what a config says, and a killed run continues exactly."""

import os
import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from mmvideomae.engine import EpochTrainLoop

ROOT = Path(__file__).resolve().parents[2]
Run = Callable[..., subprocess.CompletedProcess]
WriteConfig = Callable[..., Path]
Call = Callable[..., Any]

# Everything that has a state of its own: drop path, momentum, accumulation, average, bfloat16.
STATEFUL = {
    'model': {'backbone': {'drop_path_rate': 0.3}},
    'optim_wrapper': {'accumulative_counts': 2, 'clip_grad': {'max_norm': 1.0}},
    'custom_hooks': [{'type': 'EMAHook', 'momentum': 0.1}],
    'train_cfg': {'max_epochs': 5},
    'default_hooks': {'checkpoint': {'by_epoch': False, 'interval': 3}},
}


def final_state(folder: Path) -> dict[str, torch.Tensor]:
    """Weights, averaged weights and optimizer state of a finished run, flattened."""
    name = (folder / 'last_checkpoint').read_text()
    saved = torch.load(folder / name, map_location='cpu', weights_only=True)
    state = {f'ema.{k}': v for k, v in saved['state_dict'].items()}
    state.update({f'own.{k}': v for k, v in saved['ema_state_dict'].items()})
    for index, moments in saved['optimizer']['state'].items():
        state.update({f'optimizer.{index}.{k}': v for k, v in moments.items()})
    state['iter'] = torch.tensor(saved['meta']['iter'])
    return state


def start(config: Path, work_dir: Path, environ: dict[str, str], *options: str) -> subprocess.Popen:
    command = [sys.executable, str(ROOT / 'tools/train.py'), str(config), '--work-dir']
    return subprocess.Popen(
        [*command, str(work_dir), *options],
        env=environ,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )


def kill_after_iterations(process: subprocess.Popen, iterations: int, delay: float) -> list[str]:
    """SIGKILL the run and its workers soon after it has logged this many iterations."""
    lines, logged = [], 0
    for line in process.stdout:
        lines.append(line)
        logged += 'Epoch(train)' in line
        if logged == iterations:
            time.sleep(delay)
            break
    os.killpg(process.pid, signal.SIGKILL)
    process.stdout.read()
    process.wait(timeout=60)
    return lines


@pytest.mark.slow
def test_killed_run_continues_bit_for_bit(
    pretrain_config: WriteConfig, environ: dict[str, str], run_tool: Run, tmp_path: Path
) -> None:
    config = pretrain_config(**STATEFUL)
    whole = start(config, tmp_path / 'whole', environ)
    # 5 epochs of 4 iterations, a checkpoint every 4 (3, put off to an update).
    kill = random.randint(4, 18)
    process = start(config, tmp_path / 'killed', environ)
    lines = kill_after_iterations(process, kill, random.uniform(0, 0.1))
    assert process.returncode == -signal.SIGKILL, ''.join(lines)
    last = (tmp_path / 'killed' / 'last_checkpoint').read_text()
    done = int(re.search(r'iter_(\d+)', last)[1])
    result = run_tool('train.py', config, '--work-dir', tmp_path / 'killed', '--resume')
    assert result.returncode == 0, result.stdout + result.stderr
    resumed_at = re.search(r'Resumed: iteration (\d+) of 20 is done', result.stdout + result.stderr)
    assert int(resumed_at[1]) == done
    output, _ = whole.communicate(timeout=240)
    assert whole.returncode == 0, output

    expected, actual = final_state(tmp_path / 'whole'), final_state(tmp_path / 'killed')
    assert expected.keys() == actual.keys()
    assert int(expected['iter']) == 20
    different = [k for k, v in expected.items() if not torch.equal(v, actual[k])]
    assert different == [], f'killed after iteration {kill}'


def test_scales_the_rate_and_logs_what_matters(
    pretrain_config: WriteConfig,
    call_tool: Call,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    config = pretrain_config(train_cfg={'max_epochs': 1}, optim_wrapper={'type': 'OptimWrapper'})
    options = ['optim_wrapper.accumulative_counts=2', 'param_scheduler.warmup=0']
    assert (
        call_tool('train.py', config, '--amp', '--auto-scale-lr', '--cfg-options', *options).code
        == 0
    )
    folder = tmp_path / 'work_dirs' / 'tiny'
    log = next(folder.glob('*/*.log')).read_text()
    assert 'scaled from 0.0012 (total batch 2048) to 2.34375e-06 (total batch 4)' in log
    assert ' lr: 2.343' in log
    head = log[: log.index('Epoch(train)')].splitlines()
    assert len(head) <= 10, '\n'.join(head)
    assert 'torch' in head[0] and f'config {config}' in head[1]
    environment = next(folder.glob('*/environment.txt'))
    assert str(environment) in head[0] and 'OpenCV' in environment.read_text()
    line = next(line for line in log.splitlines() if 'Epoch(train) [1][4/4]' in line)
    for word in ('eta:', 'clips_per_s:', 'data_share:', 'memory:', 'loss:'):
        assert word in line
    assert (folder / 'epoch_1.pth').is_file()
    assert "type='AmpOptimWrapper'" in (folder / 'tiny.py').read_text()


def test_warns_when_the_rate_belongs_to_another_batch(
    pretrain_config: WriteConfig, call_tool: Call, tmp_path: Path
) -> None:
    config = pretrain_config(train_cfg={'max_epochs': 1})
    assert call_tool('train.py', config, '--work-dir', tmp_path / 'run').code == 0
    log = next((tmp_path / 'run').glob('*/*.log')).read_text()
    assert 'WARNING - The total batch is 2, but' in log


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (['nowhere.py'], 'config not found: nowhere.py'),
        (['{config}', '--resume', 'nowhere.pth'], 'checkpoint not found: nowhere.pth'),
        (['{config}', '--launcher', 'slurm'], 'SLURM_NTASKS'),
    ],
)
def test_bad_input_is_one_clear_line(
    arguments: list[str], message: str, pretrain_config: WriteConfig, call_tool: Call
) -> None:
    config = str(pretrain_config())
    said = call_tool('train.py', *(word.format(config=config) for word in arguments)).code
    assert message in said
    assert '\n' not in said


@pytest.mark.parametrize(
    ('options', 'told'),
    [
        (['model.neck.depht=3'], "did you mean 'depth'?"),
        (
            ['train_dataloader.dataset.sources.0.folder=nowhere'],
            'no such folder of videos: nowhere',
        ),
        (['max_epochs=3'], "the config has no 'max_epochs'"),
        (['env_cfg.dist_cgf=None'], "did you mean 'dist_cfg'?"),
    ],
)
def test_a_failed_start_leaves_no_work_directory(
    options: list[str],
    told: str,
    pretrain_config: WriteConfig,
    call_tool: Call,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    said = call_tool('train.py', pretrain_config(), '--cfg-options', *options).code
    assert told in said and '\n' not in said
    assert not (tmp_path / 'work_dirs').exists()


def test_ctrl_c_is_one_line_with_the_command_that_continues(
    pretrain_config: WriteConfig,
    call_tool: Call,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    config = pretrain_config()
    config.write_text(config.read_text() + "randomness = dict(seed={{'$SEED:0'}})\n")
    monkeypatch.setenv('SEED', '3')
    usual = EpochTrainLoop.run_iter

    def press(self: EpochTrainLoop, idx: int, batch: Any) -> None:
        if self.iter == 2:
            os.kill(os.getpid(), signal.SIGINT)
        usual(self, idx, batch)

    monkeypatch.setattr(EpochTrainLoop, 'run_iter', press)
    done = call_tool('train.py', config, '--amp', '--resume')
    assert done.code == 130
    last = done.err.splitlines()[-1]
    assert re.match(r'stopped by SIGINT after iteration 3 and saved .*interrupted\.pth, ', last)
    assert '--resume continues the run: SEED=3 python ' in last
    assert last.endswith(f'tools/train.py {config} --amp --resume')
    monkeypatch.setattr(EpochTrainLoop, 'run_iter', usual)
    assert call_tool('train.py', config, '--amp', '--resume').code == 0
    assert (tmp_path / 'work_dirs' / 'tiny' / 'epoch_2.pth').is_file()


def test_ctrl_c_while_mmengine_writes_the_config_is_one(
    pretrain_config: WriteConfig,
    call_tool: Call,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """mmengine says that the syntax of the config is wrong."""
    monkeypatch.chdir(tmp_path)
    config = pretrain_config()

    def press(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr('mmengine.config.config.FormatCode', press)
    done = call_tool('train.py', config)
    assert done.code == 130 and done.err.startswith('interrupted: ') and 'syntax' not in done.err


def test_help_is_in_words(call_tool: Call) -> None:
    done = call_tool('train.py', '--help')
    assert done.code == 0 and 'continue exactly' in done.out
