"""Contract: launch scripts start the right command, and several processes equal one."""

import os
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from mmengine.config import Config

from mmvideomae.engine.hooks import PreemptedError

ROOT = Path(__file__).resolve().parents[2]
TOOLS = ROOT / 'tools'
Run = Callable[..., subprocess.CompletedProcess]
WriteConfig = Callable[..., Path]


def fake_programs(folder: Path, *names: str) -> Path:
    """Programs that only print how they were called."""
    folder.mkdir()
    for name in names:
        program = folder / name
        program.write_text('#!/usr/bin/env bash\necho "MASTER_PORT=${MASTER_PORT:-}"\n')
        with program.open('a') as file:
            file.write('echo "PYTHONPATH=$PYTHONPATH"\nfor word in "$@"; do echo "$word"; done\n')
        program.chmod(0o755)
    return folder


def command_of(script: str, tmp_path: Path, *arguments: str, **variables: str) -> list[str]:
    """Words that a script hands to python or srun."""
    programs = fake_programs(tmp_path / 'bin', 'python', 'srun')
    environ = {'PATH': f'{programs}:{os.environ["PATH"]}', **variables}
    result = subprocess.run(
        ['bash', str(TOOLS / script), *arguments],
        env=environ,
        cwd=tmp_path,
        text=True,
        capture_output=True,
        check=True,
        timeout=60,
    )
    return result.stdout.splitlines()


@pytest.mark.parametrize('script', ['dist_train.sh', 'dist_test.sh'])
def test_a_port_in_use_is_told_in_one_line(script: str, tmp_path: Path) -> None:
    with socket.create_server(('127.0.0.1', 0)) as server:
        port = str(server.getsockname()[1])
        environ = {'PATH': os.environ['PATH'], 'PORT': port, 'PYTHON': 'false'}
        result = subprocess.run(
            ['bash', str(TOOLS / script), 'config.py', '2', '3'],
            env=environ,
            cwd=tmp_path,
            text=True,
            capture_output=True,
            check=False,
            timeout=60,
        )
    (line,) = result.stderr.splitlines()
    assert result.returncode == 1 and f'port {port} is in use' in line and 'PORT=' in line


def test_dist_train_passes_everything_on(tmp_path: Path) -> None:
    words = command_of(
        'dist_train.sh',
        tmp_path,
        'my config.py',
        '4',
        '--cfg-options',
        'a=b c',
        NNODES='2',
        MAX_RESTARTS='2',
        NODE_RANK='1',
        MASTER_ADDR='10.0.0.1',
        PORT='12345',
    )
    for word in (
        '--nnodes=2',
        '--node_rank=1',
        '--master_addr=10.0.0.1',
        '--master_port=12345',
        '--nproc_per_node=4',
        '--max_restarts=2',
        'my config.py',
        'a=b c',
    ):
        assert word in words
    assert f'{TOOLS}/train.py' in words
    assert words[words.index('--launcher') + 1] == 'pytorch'


def test_dist_test_passes_everything_on(tmp_path: Path, free_port: int) -> None:
    given = ('c.py', 'w.pth', '2', '--dump', 'out.pkl')
    words = command_of('dist_test.sh', tmp_path, *given, PORT=str(free_port))
    tool = words.index(f'{TOOLS}/test.py')
    assert words[tool + 1 :] == ['c.py', 'w.pth', '--launcher', 'pytorch', '--dump', 'out.pkl']
    assert '--nnodes=1' in words and '--master_addr=127.0.0.1' in words


@pytest.mark.parametrize(
    ('script', 'arguments', 'expected'),
    [
        ('slurm_train.sh', ['c.py', '--amp'], ['c.py', '--launcher', 'slurm', '--amp']),
        ('slurm_test.sh', ['c.py', 'w.pth'], ['c.py', 'w.pth', '--launcher', 'slurm']),
    ],
)
def test_slurm_scripts(
    script: str, arguments: list[str], expected: list[str], tmp_path: Path
) -> None:
    words = command_of(
        script,
        tmp_path,
        'gpu',
        'job',
        *arguments,
        GPUS='4',
        PORT='23456',
        SRUN_ARGS='--time=1:00 --qos=high',
    )
    for word in (
        '--partition=gpu',
        '--job-name=job',
        '--gres=gpu:4',
        '--ntasks=4',
        '--kill-on-bad-exit=1',
        '--time=1:00',
        '--qos=high',
        'MASTER_PORT=23456',
    ):
        assert word in words
    tool = words.index(f'{TOOLS}/{script.split("_")[1].removesuffix(".sh")}.py')
    assert words[tool + 1 :] == expected


@pytest.mark.parametrize(
    'script', ['dist_train.sh', 'dist_test.sh', 'slurm_train.sh', 'slurm_test.sh']
)
def test_help_and_missing_arguments(script: str, run_tool: Run) -> None:
    assert run_tool(script, '--help').returncode == 0
    for arguments in ([], ['only one']):
        result = run_tool(script, *arguments)
        assert result.returncode == 2
        assert script in result.stdout


def test_a_job_that_was_stopped_by_a_signal_is_queued_again(tmp_path: Path) -> None:
    """With the exit status of `PreemptedError`, inside a job, and with nothing else."""
    folder = fake_programs(tmp_path / 'bin', 'srun', 'scontrol')
    (folder / 'srun').write_text('#!/usr/bin/env bash\nexit $ANSWER\n')
    (folder / 'scontrol').write_text('#!/usr/bin/env bash\necho "$@"\n')
    asked, stopped = {}, PreemptedError.exit_code
    for status, job in ((stopped, '7'), (stopped, ''), (1, '7'), (0, '7')):
        environ = {'PATH': f'{folder}:{os.environ["PATH"]}', 'ANSWER': str(status)}
        done = subprocess.run(
            ['bash', str(TOOLS / 'slurm_train.sh'), 'gpu', 'job', 'c.py', '--resume'],
            env={**environ, 'SLURM_JOB_ID': job},
            text=True,
            capture_output=True,
            check=False,
            timeout=60,
        )
        assert done.returncode == status
        asked[status, job] = done.stdout
    assert asked.pop((stopped, '7')) == 'requeue 7\n' and not any(asked.values())


def weights(folder: Path, step: int) -> dict[str, torch.Tensor]:
    path = folder / f'iter_{step}.pth'
    return torch.load(path, map_location='cpu', weights_only=True)['state_dict']


def sharded() -> dict[str, Any]:
    """The base for FSDP, in full precision."""
    cfg = Config.fromfile(ROOT / 'configs' / '_base_' / 'fsdp.py').to_dict()
    cfg['strategy']['model_wrapper']['mixed_precision'] = None
    return cfg


gloo = pytest.mark.skipif(torch.cuda.is_available(), reason='two gloo processes on CPUs')
STEPS: dict[str, Any] = {
    # Small enough to clip every gradient: the norm must be that of the whole gradient.
    'optim_wrapper': {'type': 'OptimWrapper', 'clip_grad': {'max_norm': 0.02}},
    'default_hooks': {'checkpoint': {'by_epoch': False, 'interval': 1, 'max_keep_ckpts': -1}},
    'train_cfg': {'max_epochs': 3},
}


@gloo
@pytest.mark.slow
@pytest.mark.parametrize('kind', ['ddp', 'fsdp'])
def test_two_processes_equal_one_with_twice_the_batch(
    kind: str,
    pretrain_config: WriteConfig,
    run_tool: Run,
    call_tool: Callable[..., Any],
    environ: dict[str, str],
    tmp_path: Path,
    free_port: int,
) -> None:
    environ['PORT'] = str(free_port)
    extra = sharded() if kind == 'fsdp' else {}
    two = pretrain_config('two.py', train_dataloader={'batch_size': 2}, **STEPS, **extra)
    result = run_tool('dist_train.sh', two, 2, '--work-dir', tmp_path / 'two')
    assert result.returncode == 0, result.stdout[-3000:] + result.stderr[-3000:]
    one = pretrain_config('one.py', train_dataloader={'batch_size': 4}, **STEPS)
    assert call_tool('train.py', one, '--work-dir', tmp_path / 'one').code == 0
    first, expected = weights(tmp_path / 'one', 1), weights(tmp_path / 'one', 5)
    assert max(float((expected[k] - v).abs().max()) for k, v in first.items()) > 1e-4
    actual = weights(tmp_path / 'two', 5)
    assert actual.keys() == expected.keys()
    for name, value in actual.items():
        torch.testing.assert_close(value, expected[name], rtol=0, atol=1e-6, msg=name)


@gloo
@pytest.mark.slow
def test_sharded_run_resumes_exactly(
    pretrain_config: WriteConfig,
    run_tool: Run,
    environ: dict[str, str],
    tmp_path: Path,
    free_port: int,
) -> None:
    environ['PORT'] = str(free_port)
    config = pretrain_config(**STEPS, **sharded())
    for arguments in (
        ['--work-dir', tmp_path / 'whole'],
        ['--work-dir', tmp_path / 'resumed', '--resume', tmp_path / 'whole' / 'iter_3.pth'],
    ):
        result = run_tool('dist_train.sh', config, 2, *arguments)
        assert result.returncode == 0, result.stdout[-3000:] + result.stderr[-3000:]
    expected = weights(tmp_path / 'whole', 6)
    for name, value in weights(tmp_path / 'resumed', 6).items():
        assert torch.equal(value, expected[name]), name
    # And on one process, which shards nothing; the same samples make an update.
    alone = pretrain_config('alone.py', train_dataloader={'batch_size': 4}, **STEPS, **sharded())
    arguments = ['--work-dir', tmp_path / 'one', '--resume', tmp_path / 'whole' / 'iter_3.pth']
    result = run_tool('dist_train.sh', alone, 1, *arguments)
    assert result.returncode == 0, result.stdout[-3000:] + result.stderr[-3000:]
    for name, value in weights(tmp_path / 'one', 6).items():
        torch.testing.assert_close(value, expected[name], rtol=0, atol=1e-6, msg=name)
