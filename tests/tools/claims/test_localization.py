"""Contract: tools/claims/localization.py trains one detector in three ways, and continues."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from tests.support.tools import CallTool

Run = Callable[..., subprocess.CompletedProcess]


def test_bad_settings_are_refused_in_one_line(call_tool: CallTool) -> None:
    done = call_tool('claims/localization.py', '--seeds', '0')
    assert done.code == 2 and '--seeds must be at least 1' in done.err


@pytest.mark.slow
def test_only_adapters_and_detector_learn(run_tool: Run, tmp_path: Path) -> None:
    out = tmp_path / 'claims'
    words = ['--quick', '--out', out, '--seeds', 1, '--workers', 0]
    done = run_tool('claims/localization.py', *words, timeout=600)
    assert done.returncode == 0, done.stderr
    assert done.stdout == (out / 'table.md').read_text()
    runs = json.loads((out / 'results.json').read_text())
    assert [run['arm'] for run in runs] == ['features', 'longer', 'adapters']

    def weights(folder: str) -> dict[str, torch.Tensor]:
        (path,) = (out / folder).glob('epoch_*.pth')
        return torch.load(path, weights_only=False)['state_dict']

    start = {k: v for k, v in weights('pretrain_seed0').items() if k.startswith('backbone.')}
    trained = weights('adapters_seed0')
    assert all(torch.equal(trained[key], start[key]) for key in start if key in trained)
    assert any('adapter' in key for key in trained)
    before = {path: path.stat().st_mtime_ns for path in out.rglob('epoch_*.pth')}
    again = run_tool('claims/localization.py', *words, timeout=600)
    assert again.stdout == done.stdout
    assert {path: path.stat().st_mtime_ns for path in out.rglob('epoch_*.pth')} == before
