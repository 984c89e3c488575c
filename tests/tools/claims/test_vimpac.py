"""Contract: tools/claims/vimpac.py runs every arm once, and continues after a stop."""

import json
from pathlib import Path

import pytest

from tests.support.tools import CallTool


def test_bad_settings_are_refused_in_one_line(call_tool: CallTool) -> None:
    done = call_tool('claims/vimpac.py', '--seeds', 0)
    assert done.code == 2 and '--seeds must be at least 1' in done.err


@pytest.mark.slow
def test_every_arm_is_trained_once(call_tool: CallTool, tmp_path: Path) -> None:
    words = ['claims/vimpac.py', '--quick', '--seeds', 1, '--out', tmp_path / 'out']
    done = call_tool(*words)
    assert done.code == 0, done.err
    runs = json.loads((tmp_path / 'out' / 'vimpac.json').read_text())
    assert len(runs) == 5 and all(0 <= run['test'] <= 100 for run in runs)
    # Without masks nothing is predicted.
    assert [run['masked'] is None for run in runs] == [True, False, False, True, False]
    written = {path: path.stat().st_mtime_ns for path in tmp_path.rglob('*.pth')}
    again = call_tool(*words)
    assert again.code == 0 and again.out == done.out
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob('*.pth')} == written
