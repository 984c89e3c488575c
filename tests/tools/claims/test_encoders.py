"""Contract: tools/claims/encoders.py gives the arms their updates and continues what is done."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from tests.support.tools import CallTool

ARMS = ('pixels', 'latent', 'contrast', 'pixels_few', 'contrast_few', 'lora')
Run = Callable[..., subprocess.CompletedProcess]


def test_bad_settings_are_refused_in_one_line(call_tool: CallTool) -> None:
    done = call_tool('claims/encoders.py', '--seeds', '0')
    assert done.code == 2 and '--seeds must be at least 1' in done.err


@pytest.mark.slow
def test_a_student_and_its_teacher_have_the_updates_of_the_pixel_model(
    run_tool: Run, tmp_path: Path
) -> None:
    out = tmp_path / 'claims'
    words = ['--quick', '--out', out, '--seeds', 1, '--workers', 0]
    done = run_tool('claims/encoders.py', *words, timeout=600)
    assert done.returncode == 0, done.stderr
    assert done.stdout == (out / 'table.md').read_text()
    arms = {(run['arm'], run['labels']) for run in json.loads((out / 'results.json').read_text())}
    assert arms == {(arm, 4) for arm in ARMS}
    assert len(json.loads((out / 'probes.json').read_text())) == len(ARMS) - 1  # but LoRA's
    runs = {path.parent.name: path for path in out.glob('*_seed0/epoch_*.pth')}
    saved = {name: torch.load(path, weights_only=False) for name, path in runs.items()}
    updates = {name: saved[name]['meta']['iter'] for name in saved}
    assert updates['teacher_seed0'] + updates['student_seed0'] == updates['pretrain_seed0']
    assert updates['pixels_few_seed0'] == updates['pretrain_seed0']
    assert updates['contrast_few_seed0'] == updates['contrast_seed0'] < updates['pretrain_seed0']
    # A student starts anew, and its checkpoint does not hold its teacher.
    assert saved['student_seed0']['meta']['teacher']
    assert not any(key.startswith('target') for key in saved['student_seed0']['state_dict'])
    before = {path: path.stat().st_mtime_ns for path in out.rglob('epoch_*.pth')}
    again = run_tool('claims/encoders.py', *words, timeout=600)
    assert again.stdout == done.stdout
    assert {path: path.stat().st_mtime_ns for path in out.rglob('epoch_*.pth')} == before
